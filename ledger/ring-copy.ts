import { equalBytes } from '../wire/bytes.ts';
import { LedgerError } from './errors.ts';
import { partsOf } from './open-ring.ts';
import { rootName } from './ring-root.ts';
import type { KeptRing, KeptValue, RingStore } from './ring-store.ts';

/*
 * A ring's values as they are, still wrapped: to be carried to another place. Nobody can tell what is in
 * them, or whether they are the last ones, before they are unlocked there.
 */

/**
 * What a ring is made of: its root, and the entries since, in their order.
 * @throws LedgerError RING_MALFORMED when there is no root
 */
export function valuesOf(kept: KeptRing): readonly KeptValue[] {
  const { root, entries } = partsOf(kept);
  return [{ name: rootName, bytes: root }, ...entries];
}

/** Adds values to a store that holds nothing yet. */
export async function addValues(store: RingStore, values: readonly KeptValue[]): Promise<void> {
  let last = 0;
  for (const value of values) last = await store.add(value, last);
}

/** Values as a ring that is only read. */
export function fixedRing(values: readonly KeptValue[]): RingStore {
  const refuse = () => Promise.reject(new LedgerError('CLOSED', 'this copy is only read'));
  return {
    valueBytesMax: 0,
    read: async () => ({ last: values.length, values }),
    add: refuse,
    replaceAll: refuse,
  };
}

/** Whether two rings keep the same values in the same order. */
export function isSameRing(one: readonly KeptValue[], other: readonly KeptValue[]): boolean {
  return one.length === other.length && beginsWith(one, other);
}

/** Whether the first values of a ring are those of another, earlier one. */
export function beginsWith(ring: readonly KeptValue[], earlier: readonly KeptValue[]): boolean {
  return earlier.every(({ name, bytes }, at) => {
    const own = ring[at];
    return own?.name === name && equalBytes(own.bytes, bytes);
  });
}
