import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Contract, contractHash } from '../wire/contract.ts';
import { CliWorld, contract } from './cli-world.ts';

let world: CliWorld;
let first: Contract;

beforeAll(async () => {
  world = await CliWorld.create();
  first = JSON.parse(await readFile(contract, 'utf8')) as Contract;
});
afterAll(() => world.destroy());

async function file(name: string, document: unknown): Promise<string> {
  const path = join(world.folder, name);
  await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document));
  return path;
}

describe('cambium contract, where there is no vault', () => {
  it('lint: nothing to say ends with 0, a fault with 1, advice with 1 only when it is strict', async () => {
    expect(await world.run(['contract', 'lint', contract])).toMatchObject({ code: 0, err: '' });
    const wrong = await file('wrong.json', { ...first, fields: [{ name: 'Name' }] });
    const { code, out } = await world.run(['contract', 'lint', wrong]);
    expect(code).toBe(1);
    expect(out).toContain('/fields/0/name is no field name');
    expect(out).toContain('/fields/0 has no tier');
    const vague = await file('vague.json', { ...first, description: 'Orders' });
    expect((await world.run(['contract', 'lint', vague])).code).toBe(0);
    expect((await world.run(['contract', 'lint', '--strict', vague])).code).toBe(1);
    const text = await file('text.json', 'not JSON');
    expect((await world.run(['contract', 'lint', text])).out).toContain('is not JSON');
    expect((await world.run(['contract', 'lint', 'nowhere.json'])).code).toBe(2);
  });

  it('lint: nothing in a contract reaches the terminal as a command', async () => {
    const hostile = await file('hostile.json', { ...first, '\u001b[2J': 1 });
    const { out } = await world.run(['contract', 'lint', hostile]);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('unknown member');
  });

  it('show: every field with tier, purpose and retention in words', async () => {
    const { code, out } = await world.run(['contract', 'show', contract]);
    expect(code).toBe(0);
    expect(out).toContain('given only when you say yes, each time');
    expect(out).toContain('personal/phone_number: for fulfilment, for 30 days from the first time');
    expect(out).toContain('yes  ask for payments');
    expect(out).toContain(contractHash(first));
    const wrong = await file('wrong.json', { ...first, title: 7 });
    expect(await world.run(['contract', 'show', wrong])).toMatchObject({
      code: 1,
      err: expect.stringContaining('/title is not of type string'),
    });
  });

  it('diff: what was before and what is after, for people and as JSON', async () => {
    const fields = first.fields.filter(({ tier }) => tier !== 'optional');
    const second = { ...first, version: 2, previous: contractHash(first), fields };
    const path = await file('second.json', second);
    const { code, out } = await world.run(['contract', 'diff', contract, path]);
    expect(code).toBe(0);
    expect(out).toContain('version 2 follows version 1');
    expect(out).toContain('field personal/phone_number is removed (they get less)');
    const told = await world.run(['contract', 'diff', '--json', contract, path]);
    expect(JSON.parse(told.out)).toMatchObject({
      follows: true,
      after: { version: 2, hash: contractHash(second) },
      changes: [{ change: 'removed', kind: 'field', name: 'personal/phone_number' }],
    });
  });
});
