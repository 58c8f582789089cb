import { decide } from '../core/decision/decide.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Decision } from '../ledger/decision.ts';
import { evolve } from '../projections/evolve.ts';
import {
  type Connection,
  emptyState,
  eventKey,
  type VaultState,
} from '../projections/vault-state.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import { wireTypes } from '../wire/messages.ts';
import { type DecidedRecord, recordedDecision } from './decide-again.ts';
import type { ReplayError } from './errors.ts';
import type { ReceivedRecord } from './find-event.ts';
import { OtherTerms } from './other-terms.ts';
import type { Flip, FlippedEvent, WhatIfReport } from './what-if-report.ts';

const examplesMax = 5;

/** The terms that are tried on a connection; `undefined` where it is none of those that are meant. */
export type Tried = (connection: Connection, state: VaultState) => Contract | undefined;

/** The recorded history, judged once more under other terms, record by record. */
export class JudgedHistory {
  readonly #tried: Tried;
  readonly #optional: readonly string[] | undefined;
  /** The terms that were tried last. */
  #contract: Contract | undefined;
  #state: VaultState = emptyState;
  readonly #terms = new Map<string, OtherTerms>();
  readonly #names = new Map<string, WhatIfReport['connections'][number]>();
  readonly #waiting = new Map<number, { record: ReceivedRecord; before: VaultState }>();
  readonly #flips = new Map<string, Flip>();
  readonly #before = { allowed: 0, denied: 0, pending: 0 };
  readonly #after = { allowed: 0, denied: 0, pending: 0 };
  readonly #counts = { judged: 0, same: 0, otherReason: 0, unreproduced: 0, erased: 0 };

  constructor(tried: Tried, optional?: readonly string[]) {
    this.#tried = tried;
    this.#optional = optional;
  }

  take(record: LedgerRecord): void {
    const before = this.#state;
    if (record.kind === 'received') this.#waiting.set(record.index, { record, before });
    else if (record.kind === 'decided' && !record.body.again) this.#decided(record);
    else if (record.kind === 'handled') this.#handled(record);
    else if (record.kind === 'consented') this.#consented(record);
    else if (record.kind === 'granted')
      this.#terms.get(record.body.connection)?.granted(record.body.fields);
    else if (record.kind === 'tombstone') this.#counts.erased += 1;
    this.#state = evolve(before, record);
    if (record.kind === 'connected') this.#connected(record.body.connection);
    if (record.kind === 'contract_accepted' || record.kind === 'agent_granted')
      this.#accepted(record.body.connection);
  }

  /** @param nobody - what is thrown where nobody was meant */
  report(nobody: () => ReplayError): WhatIfReport {
    const contract = this.#contract;
    if (contract === undefined) throw nobody();
    const { id, version } = contract;
    return {
      contract: { id, version, hash: contractHash(contract) },
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
    if (connection === undefined || this.#terms.has(id)) return;
    const other = this.#tried(connection, this.#state);
    if (other === undefined) return;
    this.#contract = other;
    const { id: contract, version } = connection.contract?.contract ?? {};
    const missing = other.fields
      .filter(({ tier, name }) => tier === 'required' && !this.#state.fields.has(name))
      .map(({ name }) => name);
    const named =
      contract === undefined || version === undefined ? null : { id: contract, version };
    this.#names.set(id, { id, name: connection.name, contract: named, missing });
    this.#terms.set(id, new OtherTerms(other, this.#optional));
  }

  /** Another version was in force from here on. */
  #accepted(id: string): void {
    const known = this.#names.get(id);
    const contract = this.#state.connections.get(id)?.contract?.contract;
    if (known === undefined || contract === undefined) return;
    const { version } = contract;
    this.#names.set(id, { ...known, contract: { id: contract.id, version } });
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

  /** The owner's no counts against an agent that would have asked them under the other terms too. */
  #consented({ body, time }: Extract<LedgerRecord, { readonly kind: 'consented' }>): void {
    const id = body.request.slice(0, body.request.indexOf('/'));
    const connection = this.#state.connections.get(id);
    if (body.outcome === 'denied' && connection !== undefined)
      this.#terms.get(id)?.denied(body.request, this.#state, connection, time);
  }
}

/** The standard's own types are under no contract. */
function isWireType({ body }: ReceivedRecord): boolean {
  return Object.hasOwn(wireTypes, body.event?.type ?? '');
}

function isSame(a: Decision, b: Decision): boolean {
  return a.outcome === b.outcome && a.reason === b.reason;
}
