import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type InviteLink, linkOf, readLink } from '../wire/invite-link.ts';

type Vectors = {
  readonly read: readonly { readonly name: string; readonly text: string }[];
  readonly link: InviteLink;
  readonly refused: readonly { readonly name: string; readonly text: string }[];
};

const url = new URL('../docs/spec/vectors/link.json', import.meta.url);
const { read, link, refused } = JSON.parse(readFileSync(url, 'utf8')) as Vectors;

describe('the link of an invite', () => {
  it.each(read)('is read: $name', ({ text }) => {
    expect(readLink(text)).toStrictEqual(link);
  });

  it('is read as it was written', () => {
    expect(readLink(linkOf(link))).toStrictEqual(link);
  });

  it.each(refused)('is none: $name', ({ text }) => {
    expect(readLink(text)).toBeUndefined();
  });

  it('is not made of an invite that it cannot hold', () => {
    const { credential } = link;
    for (const other of [
      { ...link, credential: { ...credential, jwt: 'a.b.c' } },
      { ...link, credential: { ...credential, jwt: credential.jwt.slice(0, -4) } },
      { ...link, servers: [] },
      { ...link, servers: ['nats://one two'] },
      { ...link, vault: 'b'.repeat(26) },
      { ...link, party: `A${'B'.repeat(55)}` },
      { ...link, servers: Array.from({ length: 2_000 }, (_, n) => `nats://host-${n}`) },
    ])
      expect(() => linkOf(other)).toThrow(RangeError);
  });
});
