import type { Bodies, ReceivedEvent } from '../../ledger/bodies.ts';
import type { Decision } from '../../ledger/decision.ts';
import { utf8 } from '../../wire/bytes.ts';
import { Counter } from './strangers.ts';

/** How often a connection's refusals beyond an empty bucket get a record of their own. */
const everyMs = 60_000;

/**
 * Refusals of connections whose bucket is empty: one a minute is recorded with all its checks, the others are
 * counted into one record a minute, so that nobody makes the ledger grow at the speed of their messages.
 */
export class FoldedRefusals {
  /** Record time of the last refusal that was recorded whole, by connection. */
  readonly #recorded = new Map<string, number>();
  readonly #counters = new Map<string, Counter>();

  /** Counts the refusal, and says so; false where it is to be recorded whole. */
  fold({ connection, id, event }: ReceivedEvent, decision: Decision, time: number): boolean {
    if (!isBeyond(decision)) return false;
    const last = this.#recorded.get(connection);
    if (last === undefined || time - last >= everyMs) {
      this.#recorded.set(connection, time);
      return false;
    }
    const counter = this.#counters.get(connection) ?? new Counter();
    counter.add(time, event?.type ?? '', decision.reason ?? 'internal', utf8(id), id);
    this.#counters.set(connection, counter);
    return true;
  }

  /** What was counted since the last time, by connection. */
  take(to: number): (Bodies['aggregate'] & { readonly connection: string })[] {
    for (const [connection, last] of this.#recorded)
      if (to - last >= everyMs) this.#recorded.delete(connection);
    const taken = [...this.#counters].flatMap(([connection, counter]) => {
      const body = counter.take(to);
      return body === undefined ? [] : [{ connection, ...body }];
    });
    this.#counters.clear();
    return taken;
  }
}

/** Whether the connection had no token left, whatever else was wrong. */
function isBeyond({ outcome, checks }: Decision): boolean {
  return (
    outcome === 'denied' &&
    checks.some(({ check, result }) => check === 'rate' && result === 'fail')
  );
}
