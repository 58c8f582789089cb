import { describe, expect, it } from 'vitest';
import { equalBytes } from '../wire/bytes.ts';
import { type Signer, signerFrom } from '../wire/crypto.ts';
import { decode, encode, integer } from '../wire/msgpack.ts';
import type { Draft } from './bodies.ts';
import { lastKey } from './chain-end.ts';
import { Ledger, type LedgerParts } from './ledger.ts';
import { verifyStore } from './reader.ts';
import { followRotations, type PlacedRotation, signRotation } from './rotation.ts';
import {
  begin,
  fixedBytes,
  identity,
  partsOf,
  signer,
  stored,
  valuesOf,
  vaultScope,
} from './testing/fixtures.ts';
import { MemoryStore } from './testing/memory-store.ts';

const second = signerFrom(fixedBytes('second key'));
const third = signerFrom(fixedBytes('third key'));
const stranger = signerFrom(fixedBytes('a key of somebody else'));

function withSigners(store: MemoryStore, ...signers: Signer[]): LedgerParts {
  return {
    ...partsOf(store),
    signerFor: (key) => signers.find(({ publicKey }) => equalBytes(publicKey, key)),
  };
}

function rotated(from: Signer, to: Signer): Draft {
  const body = { purpose: 'ledger' as const, from: from.publicKey, to: to.publicKey };
  return { kind: 'rotated', scope: vaultScope, body };
}

async function rotate(ledger: Ledger, from: Signer, to: Signer): Promise<void> {
  const batch = ledger.beginRotation(to);
  batch.add(rotated(from, to));
  await batch.commit();
}

/** Three keys, one after another, with facts between: the values 1 to 3. */
async function twiceRotated(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await (await begin(store)).flush();
  const ledger = await Ledger.open(withSigners(store, signer, second, third), () => {});
  await ledger.append([stored('1')]).durable;
  await rotate(ledger, signer, second);
  await ledger.append([stored('2')]).durable;
  await rotate(ledger, second, third);
  await ledger.append([stored('3')]).durable;
  return store;
}

async function failure(commits: readonly Uint8Array[]): Promise<string> {
  try {
    for await (const _ of verifyStore(new MemoryStore(commits), identity));
    return 'whole';
  } catch (error) {
    const { code, index } = error as { code: string; index: number };
    return `${code}@${index}`;
  }
}

/** A commit with other parts. */
function altered(commit: Uint8Array, parts: Record<number, unknown>): Uint8Array {
  const values = decode(commit) as readonly unknown[];
  const whole = (value: unknown, at: number) => (at === 2 ? integer(Number(value)) : value);
  return encode(values.map((value, at) => (at in parts ? parts[at] : whole(value, at))));
}

describe('a ledger whose key was replaced', () => {
  it('is verified from its first key alone, and opened with its last', async () => {
    const store = await twiceRotated();
    expect(await failure(store.commits)).toBe('whole');
    const records: Parameters<typeof valuesOf>[0][number][] = [];
    const ledger = await Ledger.open(withSigners(store, third), (record) => records.push(record));
    expect(valuesOf(records)).toEqual(['1', '2', '3']);
    expect(ledger.end.keys.map(({ from }) => from)).toEqual([0, 2, 4]);
    expect(lastKey(ledger.end.keys)).toEqual(third.publicKey);
  });

  it('is not opened with a key that has handed over', async () => {
    const store = await twiceRotated();
    for (const old of [signer, second])
      await expect(Ledger.open(withSigners(store, old), () => {})).rejects.toMatchObject({
        code: 'FOREIGN',
      });
  });

  it('keeps facts in their order when they are appended around the change at once', async () => {
    const store = new MemoryStore();
    await (await begin(store)).flush();
    const ledger = await Ledger.open(withSigners(store, signer, second), () => {});
    const all = [
      ledger.append([stored('before')]).durable,
      rotate(ledger, signer, second),
      ledger.append([stored('after')]).durable,
    ];
    await Promise.all(all);
    expect(await failure(store.commits)).toBe('whole');
    expect(store.commits.map((commit) => (decode(commit) as unknown[])[0])).toEqual([1, 1, 2, 1]);
  });

  it('does not go on under the old key, which may have been stolen', async () => {
    const store = await twiceRotated();
    // The commit of value 2 signed anew by the first key, which had handed over before.
    const [, ledgerId, first, previous, records] = decode(store.commits[3] as Uint8Array) as [
      ...[number, Uint8Array, number, Uint8Array, Uint8Array[]],
    ];
    const old = signer.sign('cambium/ledger/commit/v1', fixedBytes('anything', 32));
    const forged = encode([1, ledgerId, integer(first), previous, records, old]);
    expect(await failure(store.commits.with(3, forged))).toBe('SIGNATURE_INVALID@3');
  });

  it.each<[string, (handover: Uint8Array[]) => unknown, string]>([
    ['signed by nobody', ([key, , own]) => [key, new Uint8Array(64), own], 'SIGNATURE_INVALID@2'],
    ['not signed by itself', ([key, old]) => [key, old, new Uint8Array(64)], 'SIGNATURE_INVALID@2'],
    ['of another key', ([, old, own]) => [third.publicKey, old, own], 'SIGNATURE_INVALID@2'],
    ['without a part', ([key, old]) => [key, old], 'COMMIT_MALFORMED@2'],
    ['of a short key', ([key, ...o]) => [key?.slice(1), ...o], 'COMMIT_MALFORMED@2'],
    ['that is none', () => 'none', 'COMMIT_MALFORMED@2'],
  ])('refuses a handover %s', async (_, change, code) => {
    const { commits } = await twiceRotated();
    const handover = (decode(commits[2] as Uint8Array) as unknown[])[6] as Uint8Array[];
    const forged = altered(commits[2] as Uint8Array, { 6: change(handover) });
    expect(await failure(commits.with(2, forged))).toBe(code);
  });

  it('refuses a handover in a commit of version 1, and version 2 without one', async () => {
    const { commits } = await twiceRotated();
    const parts = decode(commits[2] as Uint8Array) as unknown[];
    const first = encode([1, parts[1], integer(2), ...parts.slice(3)]);
    expect(await failure(commits.with(2, first))).toBe('COMMIT_MALFORMED@2');
    const cut = encode([2, parts[1], integer(2), ...parts.slice(3, 6)]);
    expect(await failure(commits.with(2, cut))).toBe('COMMIT_MALFORMED@2');
  });
});

describe('following keys from the first', () => {
  const head = fixedBytes('head');
  const one = signRotation(signer, second, identity.id, { index: 2, head });
  const two = signRotation(second, third, identity.id, { index: 9, head });
  const follow = (rotations: readonly PlacedRotation[]) =>
    followRotations(identity.id, signer.publicKey, rotations);

  it('gives the last one', () => {
    expect(follow([])).toEqual(signer.publicKey);
    expect(follow([one, two])).toEqual(third.publicKey);
  });

  it('gives none when one is missing, exchanged, elsewhere, or of another ledger', () => {
    expect(follow([two])).toBeUndefined();
    expect(follow([two, one])).toBeUndefined();
    expect(follow([one, one])).toBeUndefined();
    expect(follow([{ ...one, index: 3 }])).toBeUndefined();
    expect(follow([{ ...one, head: fixedBytes('another head') }])).toBeUndefined();
    expect(follow([{ ...one, index: 0 }])).toBeUndefined();
    const others = signRotation(signer, second, fixedBytes('other', 16), { index: 2, head });
    expect(follow([others])).toBeUndefined();
    expect(follow([signRotation(stranger, second, identity.id, one)])).toBeUndefined();
  });
});
