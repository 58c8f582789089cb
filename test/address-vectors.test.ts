import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sameServers, serversIn } from '../wire/servers.ts';

type Case = { readonly name: string; readonly payload: { readonly servers: readonly string[] } };

const url = new URL('../docs/spec/vectors/moved.json', import.meta.url);
const { read, refused } = JSON.parse(readFileSync(url, 'utf8')) as Record<string, readonly Case[]>;

describe('addresses of a vault', () => {
  it.each(read ?? [])('are taken: $name', ({ payload }) => {
    expect(serversIn(payload)).toEqual(payload.servers);
  });

  it.each(refused ?? [])('are not taken: $name', ({ payload }) => {
    expect(serversIn(payload)).toBeUndefined();
  });

  it('are the same only in the same order', () => {
    expect(sameServers(['a:1', 'b:2'], ['a:1', 'b:2'])).toBe(true);
    expect(sameServers(['a:1', 'b:2'], ['b:2', 'a:1'])).toBe(false);
    expect(sameServers(['a:1'], ['a:1', 'b:2'])).toBe(false);
  });
});
