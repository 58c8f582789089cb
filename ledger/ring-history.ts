import { equalBytes, utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';

const domain = utf8('cambium/ring/state/v1\0');

/** How far a ring has come: recorded in the ledger, so that a rolled-back ring shows. */
export type RingState = {
  /** Counts every change: keys that came, and new roots. */
  readonly generation: number;
  /** 32 bytes, over the root and every entry since. */
  readonly hash: Uint8Array;
};

/** The states of a ring since its root. */
export class RingHistory {
  readonly #rooted: number;
  readonly #hashes: Uint8Array[];

  /** @param rooted - generation of the root */
  constructor(ledgerId: Uint8Array, rooted: number, root: Uint8Array) {
    this.#rooted = rooted;
    this.#hashes = [sha256(domain, sha256(domain, ledgerId), root)];
  }

  /** Goes on with an entry. */
  add(value: Uint8Array): void {
    this.#hashes.push(sha256(domain, this.state.hash, value));
  }

  get state(): RingState {
    const hash = this.#hashes.at(-1) ?? new Uint8Array(0);
    return { generation: this.#rooted + this.#hashes.length - 1, hash };
  }

  /**
   * Whether a ring that was once in this state can be this one. What came before the root is judged
   * by its order alone: those bytes are gone, as they should be.
   */
  admits({ generation, hash }: RingState): boolean {
    if (generation < this.#rooted) return true;
    const own = this.#hashes[generation - this.#rooted];
    return own !== undefined && equalBytes(own, hash);
  }
}
