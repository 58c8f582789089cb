import type { Keyring } from '../../ledger/keyring.ts';
import { equalBytes, toHex } from '../../wire/bytes.ts';
import { keyId } from '../../wire/key-encapsulation.ts';

type Held<K> = { readonly name: string; readonly number: number; readonly key: K };

/**
 * Keys of one purpose in a ring: the one in force, and others that are about to take over, or that are still
 * honoured. A new one is durable before it is used, and an old one is destroyed for good. Which one is in force is not
 * said here: the ledger says it.
 */
export class KeySeries<K extends { readonly publicKey: Uint8Array }> {
  readonly #ring: Keyring;
  readonly #purpose: string;
  readonly #make: (seed: Uint8Array) => K | Promise<K>;
  readonly #held = new Map<string, Held<K>>();

  private constructor(ring: Keyring, purpose: string, make: (seed: Uint8Array) => K | Promise<K>) {
    this.#ring = ring;
    this.#purpose = purpose;
    this.#make = make;
  }

  /** The keys that the ring holds as `purpose`, `purpose.2` and so on. */
  static async open<K extends { readonly publicKey: Uint8Array }>(
    ring: Keyring,
    purpose: string,
    make: (seed: Uint8Array) => K | Promise<K>,
  ): Promise<KeySeries<K>> {
    const series = new KeySeries(ring, purpose, make);
    for (const name of ring.secretNames()) {
      const number = series.#numberOf(name);
      if (number !== undefined) series.#add(name, number, await make(ring.secret(name)));
    }
    return series;
  }

  /** Key of a public key; `undefined` when the ring has none for it. */
  readonly keyFor = (publicKey: Uint8Array): K | undefined => this.#held.get(toHex(publicKey))?.key;

  /** Key of an id (16 bytes); `undefined` when the ring has none for it. */
  keyOf(id: Uint8Array): K | undefined {
    for (const { key } of this.#held.values()) if (equalBytes(keyId(key.publicKey), id)) return key;
    return undefined;
  }

  /** The key that was made last. */
  get newest(): K {
    const [last] = [...this.#held.values()].sort((a, b) => b.number - a.number);
    if (last === undefined) throw new Error(`the ring holds no ${this.#purpose}`);
    return last.key;
  }

  /**
   * Keeps the seed (32 bytes) of the next key.
   * @throws LedgerError when the ring cannot be written
   */
  async keep(seed: Uint8Array): Promise<K> {
    const number = Math.max(0, ...[...this.#held.values()].map((held) => held.number)) + 1;
    const name = `${this.#purpose}.${number}`;
    const key = await this.#make(seed);
    await this.#ring.addSecret(name, seed);
    this.#add(name, number, key);
    return key;
  }

  /**
   * Destroys every key but these (public keys).
   * @throws LedgerError when the ring cannot be written
   */
  async dropOthers(...kept: readonly Uint8Array[]): Promise<void> {
    const names = new Set(kept.map(toHex));
    const others = [...this.#held].filter(([key]) => !names.has(key));
    if (others.length === 0) return;
    await this.#ring.removeSecrets(others.map(([, held]) => held.name));
    for (const [key] of others) this.#held.delete(key);
  }

  #numberOf(name: string): number | undefined {
    if (name === this.#purpose) return 1;
    const tail = name.startsWith(`${this.#purpose}.`) ? name.slice(this.#purpose.length + 1) : '';
    return /^\d{1,9}$/.test(tail) ? Number(tail) : undefined;
  }

  #add(name: string, number: number, key: K): void {
    this.#held.set(toHex(key.publicKey), { name, number, key });
  }
}
