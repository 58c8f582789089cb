import { decide } from '../core/decision/decide.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Decision } from '../ledger/decision.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState, eventKey, type VaultState } from '../projections/vault-state.ts';
import {
  compareMembers,
  type DecidedRecord,
  type Difference,
  differencesBetween,
  recordedDecision,
} from './decide-again.ts';
import { ErasedNames, namesIn } from './erased-names.ts';

type ReceivedRecord = Extract<LedgerRecord, { readonly kind: 'received' }>;
type HandledRecord = Extract<LedgerRecord, { readonly kind: 'handled' }>;

/** A recorded decision that deciding again does not give. */
export type DecisionDifference = Difference & {
  /** Index of the record with the decision. */
  readonly record: number;
  /** Event key. */
  readonly event: string;
  /** `first`: when it arrived. `again`: when the owner approved. `result`: before the result took effect. */
  readonly round: 'first' | 'again' | 'result';
};

/** What deciding again on a whole history came to. */
export type DecisionsReport = {
  readonly records: number;
  /** Decisions made again, by round. */
  readonly first: number;
  readonly again: number;
  readonly results: number;
  /** How many of them are the recorded ones, bit for bit. */
  readonly reproduced: number;
  readonly differences: readonly DecisionDifference[];
  /** How many cannot be made again, since they looked at what was erased afterwards. */
  readonly erased: number;
  /** Indices of `received` records that nothing was decided about. */
  readonly undecided: readonly number[];
};

/**
 * Decides again on every recorded input, each on the state that it was decided on, and compares.
 * Nothing is taken from this but the answer: the state follows the recorded decisions.
 * @param onProgress - called with the count of records after each
 */
export async function checkDecisions(
  records: AsyncIterable<LedgerRecord>,
  onProgress?: (records: number) => void,
): Promise<DecisionsReport> {
  const checker = new Checker();
  for await (const record of records) {
    checker.take(record);
    onProgress?.(record.index + 1);
  }
  return checker.report();
}

class Checker {
  #state: VaultState = emptyState;
  /** What was received and not decided about yet, with the state before it. */
  readonly #waiting = new Map<number, { record: ReceivedRecord; before: VaultState }>();
  readonly #counts = { first: 0, again: 0, result: 0 };
  /** Decisions that came out otherwise. */
  readonly #others: Other[] = [];
  readonly #erasures = new ErasedNames();
  #reproduced = 0;

  take(record: LedgerRecord): void {
    const before = this.#state;
    if (record.kind === 'received') this.#waiting.set(record.index, { record, before });
    else if (record.kind === 'decided') this.#decided(record, before);
    else if (record.kind === 'handled') this.#handled(record, before);
    else if (record.kind === 'erased') this.#erasures.take(record.body.what);
    this.#state = evolve(before, record);
  }

  report(): DecisionsReport {
    const { first, again, result: results } = this.#counts;
    const lost = this.#others.filter(({ names }) => this.#erasures.has(names));
    const differences = this.#others
      .filter((other) => !lost.includes(other))
      .flatMap((other) => other.differences);
    return {
      records: this.#state.size,
      first,
      again,
      results,
      reproduced: this.#reproduced,
      differences,
      erased: lost.length,
      undecided: [...this.#waiting.keys()],
    };
  }

  #decided(record: DecidedRecord, state: VaultState): void {
    const now = record.body.again ? this.#again(record, state) : this.#first(record);
    const found =
      now === undefined ? noInput(record) : differencesBetween(recordedDecision(record), now);
    this.#note(record, record.body.again ? 'again' : 'first', found, state);
  }

  /** On the state before the event, which is not the one before the decision. */
  #first({ cause, body }: DecidedRecord): Decision | undefined {
    const input = cause === undefined ? undefined : this.#waiting.get(cause);
    if (cause === undefined || input === undefined) return undefined;
    const { record, before } = input;
    if (eventKey(record.body.connection, record.body.id) !== body.request) return undefined;
    this.#waiting.delete(cause);
    return decide(before, record.body, record.time);
  }

  /** On the state with the owner's word. */
  #again({ body, time }: DecidedRecord | HandledRecord, state: VaultState): Decision | undefined {
    const request = state.requests.get(body.request);
    return request && decide(state, request.received, time, 'again');
  }

  /** A result is decided about too, though only a refusal leaves a trace: its run is `dropped`. */
  #handled(record: HandledRecord, state: VaultState): void {
    const { code, reason, detail } = record.body;
    const now = this.#again(record, state);
    // That the vault has none of the fields is no decision: it shows only when the handler has run.
    const denied = code === 'dropped' && reason !== 'field_absent';
    const recorded = { outcome: denied ? 'denied' : 'allowed', reason, detail } as const;
    const found = now === undefined ? noInput(record) : resultDifferences(recorded, now);
    this.#note(record, 'result', found, state);
  }

  #note(
    record: DecidedRecord | HandledRecord,
    round: DecisionDifference['round'],
    found: readonly Difference[],
    state: VaultState,
  ): void {
    this.#counts[round] += 1;
    if (found.length === 0) {
      this.#reproduced += 1;
      return;
    }
    const { index, body } = record;
    const differences = found.map((one) => ({ ...one, record: index, event: body.request, round }));
    this.#others.push({ differences, names: namesIn(record, state) });
  }
}

/** A decision that came out otherwise, and what it may have looked at. */
type Other = {
  readonly differences: readonly DecisionDifference[];
  readonly names: readonly string[];
};

type Short = { readonly [Member in 'outcome' | 'reason' | 'detail']: string | undefined };

/** The reason counts only where the decision dropped the result: a handler's failure has its own. */
function resultDifferences(recorded: Short, now: Decision): readonly Difference[] {
  const { outcome, reason, detail } = now;
  return compareMembers(shortened(recorded), shortened({ outcome, reason, detail }));
}

function shortened(decision: Short): { readonly [name: string]: unknown } {
  return decision.outcome === 'denied' ? decision : { outcome: 'allowed' };
}

function noInput({ body }: DecidedRecord | HandledRecord): Difference[] {
  return [{ where: 'input', recorded: body.request, now: null }];
}
