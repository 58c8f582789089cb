import { equalBytes, utf8 } from '../wire/bytes.ts';
import { hkdf, sha256 } from '../wire/crypto.ts';
import { encode, integer, type MsgpackValue } from '../wire/msgpack.ts';
import { LedgerError } from './errors.ts';
import {
  halvesOf,
  headerParts,
  inRange,
  isBytes,
  malformed,
  openBox,
  type RingKeys,
  ringVersion,
  sealValue,
} from './ring-value.ts';

/** Name under which a ring's store keeps its root. */
export const rootName = 'root';

/** How a root is derived; kept beside it in clear, and of no use without passphrase and sealer. */
export type RootRecipe = {
  readonly kdf: 'argon2id';
  readonly timeCost: number;
  readonly memoryKiB: number;
  readonly lanes: number;
  readonly salt: Uint8Array;
  /** Which sealer holds the other half, */
  readonly sealer: string;
  /** and which of its secrets: no two roots share one. */
  readonly sealerGeneration: number;
};

/**
 * Where a ring's roots come from: a passphrase and a sealer, neither of which the ring knows. It
 * trusts that a secret is durable before it is used, and gone for good once it is retired.
 */
export type RootSource = {
  /** Root of a recipe (32 bytes), anew at each call: the ring overwrites it. */
  rootOf(recipe: RootRecipe): Promise<Uint8Array>;
  /** Recipe of a new root: its sealer's secret is new, and durable when this resolves. */
  renew(): Promise<RootRecipe>;
  /** Generation of the newest secret that the sealer has; 0 when it has none. */
  newest(): Promise<number>;
  /** Destroys every secret that is older than the recipe's. Nothing happens when none is. */
  retire(recipe: RootRecipe): Promise<void>;
};

/** What a root says in clear. */
export type RingRoot = {
  /** Which change of the ring made it. */
  readonly generation: number;
  readonly recipe: RootRecipe;
};

/** The root of a ring as its value in the store: everything that the ring holds, sealed at once. */
export function sealRoot(
  { generation, recipe }: RingRoot,
  keys: RingKeys,
  { ledgerId, wrapKey, nonce }: { ledgerId: Uint8Array; wrapKey: Uint8Array; nonce: Uint8Array },
): Uint8Array {
  const header = encode([
    ringVersion,
    integer(generation),
    ...recipeParts(recipe),
    commitmentTo(wrapKey, ledgerId),
    nonce,
  ]);
  return sealValue({ kind: 'root', ledgerId, wrapKey, nonce }, header, keys);
}

/**
 * What a root's value says before it is opened. Attacker-controlled.
 * @throws LedgerError RING_MALFORMED
 */
export function parseRoot(bytes: Uint8Array): RingRoot {
  const [generation, ...parts] = headerParts(halvesOf(bytes).header, 10);
  if (!inRange(generation, 1, Number.MAX_SAFE_INTEGER)) throw malformed('generation of the root');
  return { generation, recipe: parseRecipe(parts.slice(0, 7)) };
}

/**
 * Opens a root's value.
 * @throws LedgerError RING_LOCKED when this is not its key; RING_MALFORMED
 */
export function openRoot(bytes: Uint8Array, ledgerId: Uint8Array, wrapKey: Uint8Array): RingKeys {
  const { header, box } = halvesOf(bytes);
  const [commitment, nonce] = headerParts(header, 10).slice(8);
  if (!isBytes(commitment, 32) || !isBytes(nonce, 24)) throw malformed('header of the root');
  if (!equalBytes(commitment, commitmentTo(wrapKey, ledgerId)))
    throw new LedgerError('RING_LOCKED', 'the passphrase or the sealer is not the right one');
  const keys = openBox({ kind: 'root', ledgerId, wrapKey, nonce }, header, box);
  // The key is the right one, since the root commits to it.
  if (keys === undefined) throw malformed('the root is not what was kept');
  return keys;
}

/** Key that seals a root and the entries after it. Overwrites what it is derived from. */
export function wrapKeyFrom(root: Uint8Array): Uint8Array {
  if (root.length !== 32) throw new RangeError(`root: ${root.length} bytes, not 32`);
  const key = hkdf(root, new Uint8Array(0), 'cambium/ring/wrap/v1');
  root.fill(0);
  return key;
}

/** A recipe as the parts of an array. */
export function recipeParts(recipe: RootRecipe): readonly (MsgpackValue | bigint)[] {
  const { kdf, timeCost, memoryKiB, lanes, salt, sealer, sealerGeneration } = recipe;
  return [kdf, timeCost, memoryKiB, lanes, salt, sealer, integer(sealerGeneration)];
}

/**
 * A recipe from its parts. Attacker-controlled: it may not cost more memory or time than any that
 * we write.
 * @throws LedgerError RING_MALFORMED
 */
export function parseRecipe(parts: readonly MsgpackValue[]): RootRecipe {
  const [kdf, timeCost, memoryKiB, lanes, salt, sealer, sealerGeneration] = parts;
  if (parts.length !== 7 || kdf !== 'argon2id') throw malformed('a recipe of another kind');
  if (
    !inRange(timeCost, 1, 16) ||
    !inRange(lanes, 1, 16) ||
    !inRange(memoryKiB, 8 * lanes, 1_048_576)
  )
    throw malformed('a recipe that asks for too much or too little');
  if (!(salt instanceof Uint8Array) || !inRange(salt.length, 8, 64)) throw malformed('salt');
  if (typeof sealer !== 'string' || !inRange(sealerGeneration, 1, Number.MAX_SAFE_INTEGER))
    throw malformed('sealer of the root');
  return { kdf, timeCost, memoryKiB, lanes, salt, sealer, sealerGeneration };
}

/** Shows whether a key is this root's, and binds the root to that one key. */
function commitmentTo(wrapKey: Uint8Array, ledgerId: Uint8Array): Uint8Array {
  return sha256(utf8('cambium/ring/key/v1\0'), ledgerId, wrapKey);
}
