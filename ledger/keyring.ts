import { randomBytes } from 'node:crypto';
import { equalBytes, toHex, u64, utf8 } from '../wire/bytes.ts';
import { hkdf, sha256 } from '../wire/crypto.ts';
import { encode, type MsgpackValue } from '../wire/msgpack.ts';
import { LedgerError } from './errors.ts';
import { entryVersion, type RingEntry, ringParts, unwrapEntries, wrapEntry } from './ring-entry.ts';
import type { RingStore } from './ring-store.ts';

const rootName = 'root';

/** How a ring's root is derived; kept beside the ring, and of no use without passphrase and sealer. */
export type RootRecipe = {
  readonly kdf: 'argon2id';
  readonly timeCost: number;
  readonly memoryKiB: number;
  readonly lanes: number;
  readonly salt: Uint8Array;
  /** Which sealer holds the other half. */
  readonly sealer: string;
};

/** How far a ring has come: recorded in the ledger, so that a rolled-back ring shows. */
export type RingState = {
  /** Counts every change. */
  readonly generation: number;
  /** SHA-256 over the entries, in the order of their names. */
  readonly hash: Uint8Array;
};

/** Derives the 32-byte root of a ring, anew at each call: the ring overwrites it. */
export type RootFor = (recipe: RootRecipe) => Promise<Uint8Array>;

/**
 * The keys of a vault, wrapped under a root: scope keys by scope id, and named secrets. A new key is
 * durable before the call that makes it returns, so no record can be sealed under a key that a crash loses.
 */
export class Keyring {
  readonly #store: RingStore;
  readonly #ledgerId: Uint8Array;
  readonly #wrapKey: Uint8Array;
  readonly #entries: Map<string, RingEntry>;
  #generation: number;
  #adding: Promise<void> = Promise.resolve();
  /** Why no entry can be added any more. */
  #closed: LedgerError | undefined;

  private constructor(
    store: RingStore,
    ledgerId: Uint8Array,
    wrapKey: Uint8Array,
    entries: Map<string, RingEntry>,
  ) {
    this.#store = store;
    this.#ledgerId = ledgerId;
    this.#wrapKey = wrapKey;
    this.#entries = entries;
    this.#generation = 0;
    for (const { generation } of entries.values())
      this.#generation = Math.max(this.#generation, generation);
  }

  /** A new ring of one vault. Add its first entry at once: none can be told from a wrong root. */
  static async create(
    store: RingStore,
    ledgerId: Uint8Array,
    recipe: RootRecipe,
    rootFor: RootFor,
  ): Promise<Keyring> {
    const { kdf, timeCost, memoryKiB, lanes, salt, sealer } = recipe;
    const parts = [entryVersion, kdf, timeCost, memoryKiB, lanes, salt, sealer];
    const wrapKey = wrapKeyFrom(await rootFor(recipe));
    await store.add(rootName, encode(parts));
    return new Keyring(store, ledgerId, wrapKey, new Map());
  }

  /**
   * Unwraps an existing ring.
   * @throws LedgerError RING_LOCKED when the root opens no entry; RING_MALFORMED when it opens some,
   * or when what is kept is no ring
   */
  static async unlock(store: RingStore, ledgerId: Uint8Array, rootFor: RootFor): Promise<Keyring> {
    const stored = new Map(await store.entries());
    const rootBytes = stored.get(rootName);
    stored.delete(rootName);
    if (rootBytes === undefined) throw new LedgerError('RING_MALFORMED', 'the ring has no root');
    const wrapKey = wrapKeyFrom(await rootFor(parseRecipe(rootBytes)));
    return new Keyring(store, ledgerId, wrapKey, unwrapEntries(stored, ledgerId, wrapKey));
  }

  /** Key of a scope (32 bytes); `undefined` when the ring has none. */
  scopeKey(scope: string): Uint8Array | undefined {
    return this.#entries.get(`scope.${scope}`)?.secret;
  }

  /**
   * Makes a scope with a key of its own; returns its id, 32 hex digits.
   * @throws LedgerError STORE_UNAVAILABLE, FENCED (the ring must be unlocked again), CLOSED
   */
  async createScope(): Promise<string> {
    const scope = toHex(randomBytes(16));
    await this.#add(`scope.${scope}`, new Uint8Array(randomBytes(32)));
    return scope;
  }

  /**
   * A named secret.
   * @throws LedgerError KEY_MISSING
   */
  secret(name: string): Uint8Array {
    const entry = this.#entries.get(`secret.${name}`);
    if (entry === undefined) throw new LedgerError('KEY_MISSING', `the ring holds no ${name}`);
    return entry.secret;
  }

  /**
   * Keeps a copy of a named secret.
   * @param name - letters, digits, `-`, `_` and dots; not yet in the ring
   * @throws LedgerError STORE_UNAVAILABLE, FENCED (the ring must be unlocked again), CLOSED
   */
  async addSecret(name: string, secret: Uint8Array): Promise<void> {
    await this.#add(`secret.${name}`, secret.slice());
  }

  /** How far the ring has come. */
  state(): RingState {
    return { generation: this.#generation, hash: this.#hashUpTo(this.#generation) };
  }

  /**
   * Holds the ring against what the ledger recorded of it.
   * @throws LedgerError RING_ROLLED_BACK when it is older, or when an entry of then is not the same
   */
  expect(recorded: RingState): void {
    const whole =
      this.#generation >= recorded.generation &&
      equalBytes(this.#hashUpTo(recorded.generation), recorded.hash);
    if (!whole)
      throw new LedgerError(
        'RING_ROLLED_BACK',
        `the keyring is not the one of generation ${recorded.generation} that the ledger recorded`,
      );
  }

  /** Overwrites what was unwrapped, wherever it was handed out. Nothing can be added after this. */
  close(): void {
    this.#closed = new LedgerError('CLOSED', 'the keyring is closed');
    for (const { secret } of this.#entries.values()) secret.fill(0);
    this.#wrapKey.fill(0);
    this.#entries.clear();
  }

  #hashUpTo(generation: number): Uint8Array {
    const names = [...this.#entries.keys()].sort();
    const hashes = names.flatMap((name) => {
      const entry = this.#entries.get(name);
      return entry === undefined || entry.generation > generation
        ? []
        : [sha256(utf8(name), entry.stored)];
    });
    return sha256(...hashes, u64(generation));
  }

  /** One after another: two entries of one generation would make two hashes of it. */
  #add(name: string, secret: Uint8Array): Promise<void> {
    const added = this.#adding.then(() => this.#addNow(name, secret));
    this.#adding = added.catch(() => undefined);
    return added;
  }

  async #addNow(name: string, secret: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#entries.has(name)) throw new RangeError(`the ring holds ${name} already`);
    const generation = this.#generation + 1;
    const entry = wrapEntry(name, generation, secret, this.#ledgerId, this.#wrapKey);
    try {
      await this.#keep(name, entry.stored);
      // It may have been closed meanwhile.
      if (this.#closed !== undefined) throw this.#closed;
    } catch (error) {
      secret.fill(0);
      throw error;
    }
    this.#generation = generation;
    this.#entries.set(name, entry);
  }

  /**
   * A rejected write may have been kept. If that cannot be told, the ring takes no more entries until
   * it is unlocked again: a second entry of the same generation would belie what the ledger records.
   */
  async #keep(name: string, stored: Uint8Array): Promise<void> {
    try {
      await this.#store.add(name, stored);
    } catch (cause) {
      const found = await this.#find(name);
      if (found !== undefined && equalBytes(found, stored)) return;
      const code = found === undefined ? 'STORE_UNAVAILABLE' : 'FENCED';
      this.#closed ??= new LedgerError(code, `the ring did not keep ${name}`, { cause });
      throw this.#closed;
    }
  }

  async #find(name: string): Promise<Uint8Array | undefined> {
    try {
      return (await this.#store.entries()).get(name);
    } catch {
      return undefined;
    }
  }
}

/** Attacker-controlled: a recipe may not cost more memory or time than any that we write. */
function parseRecipe(bytes: Uint8Array): RootRecipe {
  const [version, kdf, timeCost, memoryKiB, lanes, salt, sealer] = ringParts(bytes, 7);
  if (version !== entryVersion || kdf !== 'argon2id')
    throw new LedgerError('RING_MALFORMED', 'the recipe of the root is of another kind');
  if (
    !inRange(timeCost, 1, 16) ||
    !inRange(lanes, 1, 16) ||
    !inRange(memoryKiB, 8 * lanes, 1_048_576)
  )
    throw new LedgerError(
      'RING_MALFORMED',
      'the recipe of the root asks for too much or too little',
    );
  if (!(salt instanceof Uint8Array) || !inRange(salt.length, 8, 64) || typeof sealer !== 'string')
    throw new LedgerError('RING_MALFORMED', 'the recipe of the root');
  return { kdf, timeCost, memoryKiB, lanes, salt, sealer };
}

function inRange(value: MsgpackValue | undefined, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

/** Key under which entries are wrapped. Overwrites the root. */
function wrapKeyFrom(root: Uint8Array): Uint8Array {
  if (root.length !== 32) throw new RangeError(`root: ${root.length} bytes, not 32`);
  const key = hkdf(root, new Uint8Array(0), 'cambium/ring/wrap/v1');
  root.fill(0);
  return key;
}
