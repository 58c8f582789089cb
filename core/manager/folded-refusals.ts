import type { Bodies, ReceivedEvent } from '../../ledger/bodies.ts';
import type { Decision } from '../../ledger/decision.ts';
import { utf8 } from '../../wire/bytes.ts';
import { parseSubject } from '../../wire/subjects.ts';
import { Counter } from './strangers.ts';

/** How often a connection's refusals beyond an empty bucket get a record of their own. */
const everyMs = 60_000;

/**
 * Refusals of connections whose bucket is empty, of requests or of what cannot be told to be theirs: one a minute is recorded with all its checks, the others are
 * counted into one record a minute, so that nobody makes the ledger grow at the speed of their messages.
 */
export class FoldedRefusals {
  /** Record time of the last refusal that was recorded whole, by connection. */
  readonly #recorded = new Map<string, number>();
  readonly #counters = new Map<string, Counter>();

  /** Counts the refusal, and says so; false where it is to be recorded whole. */
  fold(received: ReceivedEvent, decision: Decision, time: number): boolean {
    const { connection, id, digest } = received;
    if (!isBeyond(decision)) return false;
    const last = this.#recorded.get(connection);
    if (last === undefined || time - last >= everyMs) {
      this.#recorded.set(connection, time);
      return false;
    }
    const counter = this.#counters.get(connection) ?? new Counter();
    const reason = decision.reason ?? 'internal';
    // What is no envelope at all names no event.
    if (id === '') counter.add(time, typeOf(received), reason, digest);
    else counter.add(time, typeOf(received), reason, utf8(id), id);
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

/** Its type, or the one that its subject names where its envelope did not open. */
function typeOf({ event, subject }: ReceivedEvent): string {
  return event?.type ?? parseSubject(subject)?.type ?? '';
}

/** Whether the connection had no token left, whatever else was wrong. */
function isBeyond({ outcome, checks }: Decision): boolean {
  return (
    outcome === 'denied' &&
    checks.some(({ check, result }) => check === 'rate' && result === 'fail')
  );
}
