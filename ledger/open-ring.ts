import { randomBytes } from 'node:crypto';
import { entryName, openEntry } from './ring-entry.ts';
import { RingHistory } from './ring-history.ts';
import {
  openRoot,
  parseRoot,
  type RootRecipe,
  type RootSource,
  rootName,
  sealRoot,
  wrapKeyFrom,
} from './ring-root.ts';
import type { KeptRing, KeptValue } from './ring-store.ts';
import { malformed, type RingKeys } from './ring-value.ts';

/** A ring whose keys are unwrapped. */
export type OpenRing = {
  readonly recipe: RootRecipe;
  readonly wrapKey: Uint8Array;
  readonly keys: RingKeys;
  readonly history: RingHistory;
};

/** What a store keeps of a ring: its root, what came after it, and what is of no account any more. */
export type RingParts = {
  readonly root: Uint8Array;
  readonly entries: readonly KeptValue[];
  /** Whether something stands before the root: replacing it was cut short. */
  readonly stale: boolean;
};

/**
 * Finds the last root.
 * @throws LedgerError RING_MALFORMED when there is none
 */
export function partsOf({ values }: KeptRing): RingParts {
  const at = values.findLastIndex(({ name }) => name === rootName);
  const root = values[at];
  if (root === undefined) throw malformed('it has no root');
  return { root: root.bytes, entries: values.slice(at + 1), stale: at > 0 };
}

/**
 * Unwraps all keys of a ring, or none: then what was unwrapped is overwritten. The store's bytes are
 * attacker-controlled.
 * @throws LedgerError RING_LOCKED when the root is another one's; RING_MALFORMED
 */
export async function openRing(
  { root, entries }: RingParts,
  ledgerId: Uint8Array,
  roots: RootSource,
): Promise<OpenRing> {
  const { generation, recipe } = parseRoot(root);
  const wrapKey = wrapKeyFrom(await roots.rootOf(recipe));
  const keys: RingKeys = new Map();
  try {
    take(keys, openRoot(root, ledgerId, wrapKey));
    const history = new RingHistory(ledgerId, generation, root);
    for (const entry of entries) {
      const next = history.state.generation + 1;
      if (entry.name !== entryName(next)) throw malformed(`${entry.name} is not entry ${next}`);
      take(keys, openEntry(next, entry.bytes, { ledgerId, wrapKey }));
      history.add(entry.bytes);
    }
    return { recipe, wrapKey, keys, history };
  } catch (error) {
    wipe({ wrapKey, keys });
    throw error;
  }
}

/**
 * Wraps keys under a root that is new, and that nothing but the sealer knows of yet.
 * @param keys - asked for them at the last moment; may throw
 */
export async function newRoot(
  generation: number,
  keys: () => RingKeys,
  ledgerId: Uint8Array,
  roots: RootSource,
): Promise<{ readonly value: KeptValue; readonly open: OpenRing }> {
  const recipe = await roots.renew();
  const wrapKey = wrapKeyFrom(await roots.rootOf(recipe));
  try {
    const held = keys();
    const bytes = sealRoot({ generation, recipe }, held, { ledgerId, wrapKey, nonce: newNonce() });
    const history = new RingHistory(ledgerId, generation, bytes);
    return { value: { name: rootName, bytes }, open: { recipe, wrapKey, keys: held, history } };
  } catch (error) {
    wrapKey.fill(0);
    throw error;
  }
}

/** 24 random bytes. */
export function newNonce(): Uint8Array {
  return new Uint8Array(randomBytes(24));
}

/** Overwrites the keys, wherever they were handed out, and forgets them. */
export function wipe({ wrapKey, keys }: Pick<OpenRing, 'wrapKey' | 'keys'>): void {
  for (const key of keys.values()) key.fill(0);
  wrapKey.fill(0);
  keys.clear();
}

function take(keys: RingKeys, more: RingKeys): void {
  for (const [name, key] of more) keys.set(name, key);
}
