import { firstHead, nextHead } from './chain.ts';
import type { PlacedRotation } from './rotation.ts';
import { emptyFrontier, extend, type Frontier } from './tree.ts';

/** An Ed25519 key of a ledger, and the first record that it signs. */
export type SigningKey = {
  readonly from: number;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** How it took over; absent for the first key. */
  readonly handover?: PlacedRotation;
};

/** Every key that has signed so far, in order. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** Where a chain, and the tree over the same leaves, stand after their last record. */
export type ChainEnd = {
  /** Count of records; the index of the next one. */
  readonly size: number;
  /** Chain hash, 32 bytes. */
  readonly head: Uint8Array;
  /** Time of the last record. */
  readonly time: number;
  readonly tree: Frontier;
  /** The last one signs what comes next. */
  readonly keys: SigningKeys;
};

/** Which ledger it is: what a verifier has to know, and all that it has to know. */
export type LedgerIdentity = {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Ed25519, 32 bytes; the id is its hash. */
  readonly publicKey: Uint8Array;
};

/** End of a chain without records. */
export function emptyChain({ id, publicKey }: LedgerIdentity): ChainEnd {
  const keys = [{ from: 0, publicKey }] as const;
  return { size: 0, head: firstHead(id), time: 0, tree: emptyFrontier, keys };
}

/**
 * The end with more records: their leaves (32 bytes each), and the time of the last.
 * @param onTile - hears the root of every tile of the tree that they complete
 */
export function advance(
  end: ChainEnd,
  leaves: readonly Uint8Array[],
  time: number,
  onTile: (root: Uint8Array) => void,
): ChainEnd {
  return {
    size: end.size + leaves.length,
    head: leaves.reduce(nextHead, end.head),
    time,
    tree: extend(end.tree, leaves, onTile),
    keys: end.keys,
  };
}

/** The key that signs what comes next. */
export function lastKey(keys: SigningKeys): Uint8Array {
  return (keys.at(-1) ?? keys[0]).publicKey;
}

/** The keys that signed records before this index; at least the first. */
export function keysUpTo([first, ...others]: SigningKeys, index: number): SigningKeys {
  return [first, ...others.filter(({ from }) => from < index)];
}
