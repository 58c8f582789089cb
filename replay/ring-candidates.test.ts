import { beforeAll, describe, expect, it } from 'vitest';
import type { Draft } from '../ledger/bodies.ts';
import type { Keyring } from '../ledger/keyring.ts';
import { Ledger } from '../ledger/ledger.ts';
import { valuesOf } from '../ledger/ring-copy.ts';
import type { KeptValue } from '../ledger/ring-store.ts';
import { fixedBytes, genesis, identity, partsOf } from '../ledger/testing/fixtures.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { RingWorld } from '../ledger/testing/ring-world.ts';
import { chooseRing, provedRing } from './ring-candidates.ts';

type Values = readonly KeptValue[];

let world: RingWorld;
let store: MemoryStore;
/** The ring when it was made, before its second scope, and at the end. */
let first: Values;
let early: Values;
let late: Values;

async function kept(): Promise<Values> {
  return valuesOf(await world.store.read());
}

function opened(ring: Keyring, scope: string): Draft {
  const body = { writer: fixedBytes('writer', 16), measurement: 'none', handlers: [] };
  return { kind: 'opened', scope, body: { ...body, ring: ring.state() } };
}

beforeAll(async () => {
  world = new RingWorld();
  store = new MemoryStore();
  const ring = await world.create();
  first = await kept();
  const scope = await ring.createScope();
  const keys = (id: string) => ring.scopeKey(id);
  const ledger = await Ledger.create({ ...partsOf(store), keys });
  await ledger.append([{ ...genesis, scope } as Draft, opened(ring, scope)]).durable;
  await ring.addSecret('something', fixedBytes('something'));
  await ledger.append([opened(ring, scope)]).durable;
  early = await kept();
  const second = await ring.createScope();
  const stored = { field: 'personal/name', value: 'Ada' };
  await ledger.append([opened(ring, scope), { kind: 'stored', scope: second, body: stored }])
    .durable;
  late = await kept();
});

/** The candidates when the damaged ledger's ring is not believed as it is. */
function candidates(own: Values | undefined, copy: Values): readonly Values[] {
  const choice = chooseRing(own, copy);
  if (choice.kind === 'own') throw new Error('it is believed');
  return choice.candidates;
}

function prove(some: readonly Values[], passphrase = 'right'): Promise<Values> {
  return provedRing(store, identity, some, () => ({ ...world.roots(passphrase), close: () => {} }));
}

describe('the keyring of a damaged ledger', () => {
  it('is kept as it is beside the same one, an earlier one, or none', () => {
    for (const copy of [late, early, first, []])
      expect(chooseRing(late, copy)).toEqual({ kind: 'own', values: late });
  });

  it('is not believed when the copy has more, or something else', () => {
    const other = late.with(1, { name: 'entry.2', bytes: fixedBytes('else') });
    for (const copy of [late, other]) {
      expect(chooseRing(early, copy)).toMatchObject({ kind: 'unproved', ownInForm: true });
      expect(candidates(early, copy)).toContainEqual(early);
    }
  });

  it('is not believed when it has no root, is none, or misses an entry', () => {
    for (const own of [
      undefined,
      [],
      late.slice(1),
      late.toSpliced(2, 1),
      late.with(0, late[1] ?? { name: '', bytes: fixedBytes('') }),
    ])
      expect(chooseRing(own, [])).toEqual({ kind: 'unproved', ownInForm: false, candidates: [] });
  });

  it('is put together from both where each has lost something', async () => {
    const [own, copy] = [late.toSpliced(1, 1), late.slice(0, 3)];
    expect(await prove(candidates(own, copy))).toEqual(late);
  });
});

describe('proving a keyring', () => {
  it('finds the one that opens everything and is no older than the ledger knows', async () => {
    expect(await prove([first, early, late])).toEqual(late);
    expect(await prove(candidates(early, late))).toEqual(late);
    expect(await prove(candidates(undefined, late))).toEqual(late);
  });

  it('refuses an older one, another passphrase, and none', async () => {
    await expect(prove([early])).rejects.toMatchObject({ code: 'KEY_MISSING' });
    await expect(prove([late], 'wrong')).rejects.toMatchObject({ code: 'RING_LOCKED' });
    await expect(prove([])).rejects.toMatchObject({ code: 'RING_MALFORMED' });
  });

  it('refuses one that opens everything, and is older than the ledger recorded', async () => {
    const scoped = new MemoryStore(store.commits.slice(0, 2));
    const rolledBack = late.slice(0, 2);
    const roots = () => ({ ...world.roots(), close: () => {} });
    const proof = provedRing(scoped, identity, [rolledBack], roots);
    await expect(proof).rejects.toMatchObject({ code: 'RING_ROLLED_BACK' });
  });
});
