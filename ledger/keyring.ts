import { randomBytes } from 'node:crypto';
import { equalBytes, toHex } from '../wire/bytes.ts';
import { LedgerError } from './errors.ts';
import { newNonce, newRoot, type OpenRing, openRing, partsOf, wipe } from './open-ring.ts';
import { entryName, sealEntry } from './ring-entry.ts';
import type { RingState } from './ring-history.ts';
import type { RootSource } from './ring-root.ts';
import type { RingStore } from './ring-store.ts';
import { boxedBytes, scopeName, secretName } from './ring-value.ts';
import { RingWriter } from './ring-writer.ts';

/** Bytes of a root's value beside its keys, at most. */
const rootOverheadBytes = 512;

/**
 * The keys of a vault, wrapped under a root: scope keys by scope id, and named secrets.
 *
 * A new key is durable before the call that makes it returns, so no record can be sealed under a key
 * that a crash loses. Keys are destroyed by a new root: the others are wrapped again, under a root
 * whose half at the sealer is new; one write puts them in the place of all that was kept; then the
 * sealer's old secret is destroyed. Whoever has a copy of the earlier ring and the passphrase has
 * half of what opens it, and the other half is nowhere. The ring never knows the passphrase: its
 * source of roots holds what Argon2id made of it (docs/adr/0012-erasure-by-reroot.md).
 */
export class Keyring {
  readonly #ledgerId: Uint8Array;
  readonly #writer: RingWriter;
  #roots: RootSource;
  #open: OpenRing;
  /** What its keys take in a root's box. */
  #boxedBytes: number;
  /** Whether the store holds what the root should have taken away. */
  #stale: boolean;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(
    ledgerId: Uint8Array,
    writer: RingWriter,
    roots: RootSource,
    open: OpenRing,
    stale: boolean,
  ) {
    this.#ledgerId = ledgerId;
    this.#writer = writer;
    this.#roots = roots;
    this.#open = open;
    this.#boxedBytes = boxedBytes(open.keys);
    this.#stale = stale;
  }

  /**
   * A new ring of one vault, in a store that has never held one.
   * @throws LedgerError FENCED when the store has, STORE_UNAVAILABLE
   */
  static async create(store: RingStore, ledgerId: Uint8Array, roots: RootSource): Promise<Keyring> {
    const writer = new RingWriter(store, 0);
    const { value, open } = await newRoot(1, () => new Map(), ledgerId, roots);
    await writer.write('add', value);
    return new Keyring(ledgerId, writer, roots, open, false);
  }

  /**
   * Unwraps an existing ring. It only reads: whoever goes on to write calls `settle`.
   * @throws LedgerError RING_LOCKED when passphrase or sealer is not the right one; RING_MALFORMED
   * when what is kept is no ring, or not whole; and whatever `roots` throws
   */
  static async unlock(store: RingStore, ledgerId: Uint8Array, roots: RootSource): Promise<Keyring> {
    const kept = await store.read();
    const parts = partsOf(kept);
    try {
      const open = await openRing(parts, ledgerId, roots);
      return new Keyring(ledgerId, new RingWriter(store, kept.last), roots, open, parts.stale);
    } catch (error) {
      // A vault that runs may have changed the root meanwhile, and destroyed the half that we asked for.
      const now = await store.read().catch(() => kept);
      if (equalBytes(partsOf(now).root, parts.root)) throw error;
      return Keyring.unlock(store, ledgerId, roots);
    }
  }

  /** Key of a scope (32 bytes); `undefined` when the ring has none. */
  scopeKey(scope: string): Uint8Array | undefined {
    return this.#open.keys.get(scopeName(scope));
  }

  /**
   * Makes a scope with a key of its own; returns its id, 32 hex digits.
   * @throws LedgerError STORE_UNAVAILABLE, FENCED (the ring must be unlocked again), CLOSED; TOO_LARGE
   * when one value of the store could not hold all keys any more
   */
  async createScope(): Promise<string> {
    const scope = toHex(randomBytes(16));
    await this.#add(scopeName(scope), new Uint8Array(randomBytes(32)));
    return scope;
  }

  /**
   * A named secret.
   * @throws LedgerError KEY_MISSING
   */
  secret(name: string): Uint8Array {
    const secret = this.#open.keys.get(secretName(name));
    if (secret === undefined) throw new LedgerError('KEY_MISSING', `the ring holds no ${name}`);
    return secret;
  }

  /** Names of the secrets, sorted. */
  secretNames(): string[] {
    const prefix = secretName('');
    const names = [...this.#open.keys.keys()].filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice(prefix.length)).sort();
  }

  /**
   * Keeps a copy of a named secret.
   * @param name - not yet in the ring
   * @throws LedgerError as `createScope`
   */
  async addSecret(name: string, secret: Uint8Array): Promise<void> {
    await this.#add(secretName(name), secret.slice());
  }

  /**
   * Destroys the keys of these scopes for good. Those that the ring does not hold are passed over, so
   * that a caller who was interrupted can name the same ones again.
   * @throws LedgerError STORE_UNAVAILABLE, FENCED (the ring must be unlocked again), CLOSED; and whatever
   * the sealer throws: then the ring has let go of them, but an earlier copy of it still opens until
   * this or `settle` has succeeded
   */
  forget(scopes: Iterable<string>): Promise<void> {
    return this.#destroy([...scopes].map(scopeName));
  }

  /**
   * Destroys named secrets for good, as `forget` destroys scopes.
   * @throws LedgerError as `forget`
   */
  removeSecrets(names: Iterable<string>): Promise<void> {
    return this.#destroy([...names].map(secretName));
  }

  /**
   * Puts the ring under another passphrase: the one before opens nothing any more, nor does it open
   * an earlier copy of the ring.
   * @param roots - give the roots from here on
   * @throws LedgerError as `forget`; the other passphrase has taken over if `state` has moved on
   */
  changePassphrase(roots: RootSource): Promise<void> {
    return this.#change(() => this.#reroot(new Set(), roots));
  }

  /**
   * Completes what an interrupted change of the root has left. For a ring that was unlocked to be
   * written, once it is certain that it is the right one (`expect`).
   * @throws LedgerError as `forget`
   */
  settle(): Promise<void> {
    return this.#change(() => this.#settleNow());
  }

  /** How far the ring has come. */
  state(): RingState {
    return this.#open.history.state;
  }

  /**
   * Holds the ring against what the ledger recorded of it.
   * @throws LedgerError RING_ROLLED_BACK when it is older, or another one
   */
  expect(recorded: RingState): void {
    if (!this.#open.history.admits(recorded))
      throw new LedgerError(
        'RING_ROLLED_BACK',
        `the keyring is not the one of generation ${recorded.generation} that the ledger recorded`,
      );
  }

  /** Overwrites what was unwrapped, wherever it was handed out. Nothing can be changed after this. */
  close(): void {
    this.#writer.close();
    wipe(this.#open);
  }

  /** One after another: each change is sealed and written upon the one before. */
  #change(change: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  #add(name: string, key: Uint8Array): Promise<void> {
    const added = this.#change(() => this.#addNow(name, key));
    added.catch(() => key.fill(0));
    return added;
  }

  async #addNow(name: string, key: Uint8Array): Promise<void> {
    this.#writer.expectOpen();
    const { keys, wrapKey, history } = this.#open;
    if (keys.has(name)) throw new RangeError(`the ring holds ${name} already`);
    const added = new Map([[name, key]]);
    const bytesThen = this.#boxedBytes + boxedBytes(added);
    if (rootOverheadBytes + bytesThen > this.#writer.valueBytesMax)
      throw new LedgerError('TOO_LARGE', `the ring has no room for ${name}`);
    const generation = history.state.generation + 1;
    const sealing = { ledgerId: this.#ledgerId, wrapKey, nonce: newNonce() };
    const bytes = sealEntry(generation, added, sealing);
    await this.#writer.write('add', { name: entryName(generation), bytes });
    history.add(bytes);
    keys.set(name, key);
    this.#boxedBytes = bytesThen;
  }

  #destroy(names: readonly string[]): Promise<void> {
    return this.#change(() => {
      const held = names.filter((name) => this.#open.keys.has(name));
      return held.length > 0 ? this.#reroot(new Set(held), this.#roots) : this.#settleNow();
    });
  }

  /**
   * A secret of the sealer that is newer than the root's belongs to a root whose writing was cut short,
   * and which may yet reach the store: destroyed now, it could take the whole ring with it. So another root
   * is written upon the same sequence. Once it stands the late one is refused, and all older
   * secrets are of no use; if the late one was faster, ours is refused, and nothing is destroyed.
   */
  async #settleNow(): Promise<void> {
    this.#writer.expectOpen();
    const { recipe } = this.#open;
    const cutShort = (await this.#roots.newest()) > recipe.sealerGeneration;
    if (cutShort || this.#stale) await this.#reroot(new Set(), this.#roots);
    else await this.#roots.retire(recipe);
  }

  /**
   * Wraps all keys but `gone` under a new root. A crash before the write leaves the ring as it was, and
   * one secret more at the sealer; a crash after it leaves the new ring, and an old secret that only
   * an earlier copy has a use for. `settle` takes either away.
   */
  async #reroot(gone: ReadonlySet<string>, roots: RootSource): Promise<void> {
    this.#writer.expectOpen();
    const before = this.#open;
    const kept = () => {
      // Closed meanwhile, the keys are overwritten: they must not be sealed.
      this.#writer.expectOpen();
      return new Map([...before.keys].filter(([name]) => !gone.has(name)));
    };
    const generation = before.history.state.generation + 1;
    const { value, open } = await newRoot(generation, kept, this.#ledgerId, roots);
    try {
      await this.#writer.write('replaceAll', value);
    } catch (error) {
      open.wrapKey.fill(0);
      throw error;
    }
    this.#open = open;
    this.#boxedBytes = boxedBytes(open.keys);
    this.#roots = roots;
    this.#stale = false;
    before.wrapKey.fill(0);
    for (const name of gone) before.keys.get(name)?.fill(0);
    await roots.retire(open.recipe);
  }
}
