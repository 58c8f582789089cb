import type { Keyring } from '../../ledger/keyring.ts';
import { toHex } from '../../wire/bytes.ts';
import { type Signer, signerFrom } from '../../wire/crypto.ts';

const name = /^ledger(?:\.(\d{1,9}))?$/;

type Held = { readonly name: string; readonly signer: Signer };

/**
 * The ledger's signing keys in a ring: the one in force, and while one takes over from another both. A
 * new one is durable before it signs, and the old one is destroyed after that.
 */
export class LedgerKeys {
  readonly #ring: Keyring;
  readonly #held = new Map<string, Held>();

  constructor(ring: Keyring) {
    this.#ring = ring;
    for (const held of ring.secretNames())
      if (name.test(held)) this.#add(held, signerFrom(ring.secret(held)));
  }

  /** Signer for a public key (32 bytes); `undefined` when the ring has none for it. */
  readonly signerFor = (publicKey: Uint8Array): Signer | undefined =>
    this.#held.get(toHex(publicKey))?.signer;

  /**
   * Keeps the seed (32 bytes) of the next key.
   * @throws LedgerError when the ring cannot be written
   */
  async keep(seed: Uint8Array): Promise<Signer> {
    const numbers = [...this.#held.values()].map((held) => Number(name.exec(held.name)?.[1] ?? 1));
    const next = `ledger.${Math.max(...numbers) + 1}`;
    const signer = signerFrom(seed);
    await this.#ring.addSecret(next, seed);
    this.#add(next, signer);
    return signer;
  }

  /**
   * Destroys every key but this one (32 bytes).
   * @throws LedgerError when the ring cannot be written
   */
  async dropOthers(publicKey: Uint8Array): Promise<void> {
    const kept = toHex(publicKey);
    const others = [...this.#held].filter(([key]) => key !== kept);
    if (others.length === 0) return;
    await this.#ring.removeSecrets(others.map(([, held]) => held.name));
    for (const [key] of others) this.#held.delete(key);
  }

  #add(held: string, signer: Signer): void {
    this.#held.set(toHex(signer.publicKey), { name: held, signer });
  }
}
