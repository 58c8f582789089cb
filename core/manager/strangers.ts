import type { Bodies } from '../../ledger/bodies.ts';
import { sha256 } from '../../wire/crypto.ts';
import type { Reason } from '../../wire/reasons.ts';

type Count = {
  type: string;
  reason: Reason;
  count: number;
  hash: Uint8Array;
  first?: string;
  last?: string;
};

const kindsMax = 200;

/** Counts what is not worth a record each: strangers, events that were delivered again, refusals without end. */
export class Counter {
  #counts = new Map<string, Count>();
  #from = 0;

  /**
   * Counts one message.
   * @param digest - SHA-256 of it, or its id; the record's hash is over all of them, in order
   * @param id - of the event, where first and last are to be known
   */
  add(time: number, type: string, reason: Reason, digest: Uint8Array, id?: string): void {
    if (this.#counts.size === 0) this.#from = time;
    const known = this.#counts.size < kindsMax || this.#counts.has(`${reason} ${type}`);
    const named = known ? type : '';
    const key = `${reason} ${named}`;
    const before = this.#counts.get(key);
    this.#counts.set(key, {
      type: named,
      reason,
      count: (before?.count ?? 0) + 1,
      hash: sha256(before?.hash ?? new Uint8Array(32), digest),
      ...(id === undefined ? {} : { first: before?.first ?? id, last: id }),
    });
  }

  /** What was counted since the last time, as a record's body; `undefined` for nothing. */
  take(to: number): Bodies['aggregate'] | undefined {
    if (this.#counts.size === 0) return undefined;
    const body = { from: this.#from, to, counts: [...this.#counts.values()] };
    this.#counts = new Map();
    return body;
  }
}
