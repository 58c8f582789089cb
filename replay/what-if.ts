import { decide } from '../core/decision/decide.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { CheckName, Decision } from '../ledger/decision.ts';
import { evolve } from '../projections/evolve.ts';
import {
  type Connection,
  emptyState,
  eventKey,
  type VaultState,
} from '../projections/vault-state.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import { wireTypes } from '../wire/messages.ts';
import type { Reason } from '../wire/reasons.ts';
import { type DecidedRecord, recordedDecision } from './decide-again.ts';
import { ReplayError } from './errors.ts';
import type { ReceivedRecord } from './find-event.ts';
import { OtherTerms } from './other-terms.ts';

type Outcome = Decision['outcome'];

/** One event that other terms would have decided otherwise: names, never values. */
export type FlippedEvent = {
  /** Index of its `received` record, and its event key. */
  readonly record: number;
  readonly event: string;
  /** Unix milliseconds. */
  readonly time: number;
  readonly type: string | null;
  readonly fields: readonly string[];
};

/** Events that flip alike. */
export type Flip = {
  readonly from: Outcome;
  readonly to: Outcome;
  /** The check that makes the difference, and the reason that it gives under the terms that refuse. */
  readonly check: CheckName;
  readonly reason: Reason | null;
  readonly count: number;
  /** The first of them. */
  readonly examples: readonly FlippedEvent[];
};

/** How many decisions had each outcome. */
export type Outcomes = Readonly<Record<Outcome, number>>;

/** What other terms would have changed. */
export type WhatIfReport = {
  readonly contract: { readonly id: string; readonly version: number; readonly hash: string };
  readonly connections: readonly {
    readonly id: string;
    readonly name: string;
    /** The contract that it had last. */
    readonly contract: { readonly id: string; readonly version: number } | null;
    /** Required by the other contract, and absent when it was accepted: there would be no connection. */
    readonly missing: readonly string[];
  }[];
  /** First decisions that were judged again, and how many come out the same, reason included. */
  readonly judged: number;
  readonly same: number;
  /** Refused by both, for other reasons. */
  readonly otherReason: number;
  readonly before: Outcomes;
  readonly after: Outcomes;
  /** The most frequent first. */
  readonly flips: readonly Flip[];
  /** Decisions that today's rules do not reproduce under the terms of then: nothing is said about them. */
  readonly unreproduced: number;
  /** Records that are erased, and whose decisions cannot be judged. */
  readonly erased: number;
};

/** Which connections, and what the owner would have chosen. */
export type WhatIfOptions = {
  /** Connection id; all that have a contract of the same id by default. */
  readonly connection?: string;
  readonly optional?: readonly string[];
};

const examplesMax = 5;

/**
 * Judges the recorded history once more as if another contract had been accepted. Only first decisions are
 * judged, those on arrival. Reads, and changes nothing.
 * @param records - whole, from the first one
 * @throws ReplayError UNKNOWN_CONNECTION when no connection is meant
 */
export async function whatIf(
  records: AsyncIterable<LedgerRecord>,
  contract: Contract,
  options: WhatIfOptions = {},
): Promise<WhatIfReport> {
  const judge = new Judge(contract, options);
  for await (const record of records) judge.take(record);
  return judge.report();
}

class Judge {
  readonly #contract: Contract;
  readonly #options: WhatIfOptions;
  #state: VaultState = emptyState;
  readonly #terms = new Map<string, OtherTerms>();
  readonly #names = new Map<string, WhatIfReport['connections'][number]>();
  readonly #waiting = new Map<number, { record: ReceivedRecord; before: VaultState }>();
  readonly #flips = new Map<string, Flip>();
  readonly #before = { allowed: 0, denied: 0, pending: 0 };
  readonly #after = { allowed: 0, denied: 0, pending: 0 };
  readonly #counts = { judged: 0, same: 0, otherReason: 0, unreproduced: 0, erased: 0 };

  constructor(contract: Contract, options: WhatIfOptions) {
    this.#contract = contract;
    this.#options = options;
  }

  take(record: LedgerRecord): void {
    const before = this.#state;
    if (record.kind === 'received') this.#waiting.set(record.index, { record, before });
    else if (record.kind === 'decided' && !record.body.again) this.#decided(record);
    else if (record.kind === 'handled') this.#handled(record);
    else if (record.kind === 'granted')
      this.#terms.get(record.body.connection)?.granted(record.body.fields);
    else if (record.kind === 'tombstone') this.#counts.erased += 1;
    this.#state = evolve(before, record);
    if (record.kind === 'connected') this.#connected(record.body.connection);
    if (record.kind === 'contract_accepted') this.#accepted(record.body.connection);
  }

  report(): WhatIfReport {
    if (this.#names.size === 0) throw nobody(this.#contract, this.#options.connection);
    const { id, version } = this.#contract;
    return {
      contract: { id, version, hash: contractHash(this.#contract) },
      connections: [...this.#names.values()],
      ...this.#counts,
      before: this.#before,
      after: this.#after,
      flips: [...this.#flips.values()].sort((a, b) => b.count - a.count),
    };
  }

  /** The other contract is accepted in the place of the one that was. */
  #connected(id: string): void {
    const connection = this.#state.connections.get(id);
    if (connection === undefined || !this.#isMeant(connection) || this.#terms.has(id)) return;
    const { id: contract, version } = connection.contract?.contract ?? {};
    const missing = this.#contract.fields
      .filter(({ tier, name }) => tier === 'required' && !this.#state.fields.has(name))
      .map(({ name }) => name);
    const named =
      contract === undefined || version === undefined ? null : { id: contract, version };
    this.#names.set(id, { id, name: connection.name, contract: named, missing });
    this.#terms.set(id, new OtherTerms(this.#contract, this.#options.optional));
  }

  /** Another version was in force from here on. */
  #accepted(id: string): void {
    const known = this.#names.get(id);
    const contract = this.#state.connections.get(id)?.contract?.contract;
    if (known === undefined || contract === undefined) return;
    const { version } = contract;
    this.#names.set(id, { ...known, contract: { id: contract.id, version } });
  }

  #isMeant({ id, kind, contract }: Connection): boolean {
    const { connection } = this.#options;
    if (kind !== 'service') return false;
    return connection === undefined
      ? contract?.contract.id === this.#contract.id
      : id === connection;
  }

  #decided(record: DecidedRecord): void {
    const { cause, body } = record;
    const input = cause === undefined ? undefined : this.#waiting.get(cause);
    if (cause === undefined || input === undefined) return;
    this.#waiting.delete(cause);
    const { body: received } = input.record;
    const terms = this.#terms.get(received.connection);
    const connection = input.before.connections.get(received.connection);
    if (terms === undefined || connection === undefined || isWireType(input.record)) return;
    if (eventKey(received.connection, received.id) !== body.request) return;
    this.#judge(record, input, terms, connection);
  }

  #judge(
    record: DecidedRecord,
    { record: { index, body: received }, before }: { record: ReceivedRecord; before: VaultState },
    terms: OtherTerms,
    connection: Connection,
  ): void {
    const { time } = record;
    const recorded = recordedDecision(record);
    const other = terms.event(received, connection);
    const now = decide(terms.state(before, connection), other, time);
    const at = { state: before, index, time, epoch: received.epoch };
    terms.decided(record.body.request, recorded.outcome, now, at);
    this.#counts.judged += 1;
    if (!isSame(recorded, decide(before, received, time))) this.#counts.unreproduced += 1;
    else this.#compare(recorded, now, { index, time, received, request: record.body.request });
  }

  #compare(
    then: Decision,
    now: Decision,
    event: {
      readonly index: number;
      readonly time: number;
      readonly received: ReceivedRecord['body'];
      readonly request: string;
    },
  ): void {
    this.#before[then.outcome] += 1;
    this.#after[now.outcome] += 1;
    if (isSame(then, now)) this.#counts.same += 1;
    else if (then.outcome === now.outcome) this.#counts.otherReason += 1;
    else
      this.#flip(then, now, {
        record: event.index,
        event: event.request,
        time: event.time,
        type: event.received.event?.type ?? null,
        fields: now.facts.fields ?? then.facts.fields ?? [],
      });
  }

  #flip(then: Decision, now: Decision, event: FlippedEvent): void {
    const refusing = now.outcome === 'denied' ? now : then;
    const check = refusing.checks.find(({ result }) => result === 'fail')?.check ?? 'tier';
    const reason = refusing.reason ?? null;
    const key = [then.outcome, now.outcome, check, reason].join(' ');
    const known = this.#flips.get(key);
    const examples = known?.examples ?? [];
    this.#flips.set(key, {
      from: then.outcome,
      to: now.outcome,
      check,
      reason,
      count: (known?.count ?? 0) + 1,
      examples: examples.length < examplesMax ? [...examples, event] : examples,
    });
  }

  #handled({ body, index, time }: Extract<LedgerRecord, { readonly kind: 'handled' }>): void {
    const connection = body.request.slice(0, body.request.indexOf('/'));
    this.#terms.get(connection)?.handled(body, { index, time });
  }
}

/** The standard's own types are under no contract. */
function isWireType({ body }: ReceivedRecord): boolean {
  return Object.hasOwn(wireTypes, body.event?.type ?? '');
}

function isSame(a: Decision, b: Decision): boolean {
  return a.outcome === b.outcome && a.reason === b.reason;
}

function nobody(contract: Contract, connection: string | undefined): ReplayError {
  return new ReplayError(
    'UNKNOWN_CONNECTION',
    connection === undefined
      ? `nobody was connected under the contract ${contract.id}; name a connection`
      : `no service was connected under the id ${connection}`,
  );
}
