import fc from 'fast-check';
import type { Draft, LedgerRecord, ReceivedEvent } from '../../../ledger/bodies.ts';
import type { Decision } from '../../../ledger/decision.ts';
import { evolve } from '../../../projections/evolve.ts';
import {
  emptyState,
  eventKey,
  type OpenRequest,
  type VaultState,
} from '../../../projections/vault-state.ts';
import { type Contract, contractHash } from '../../../wire/contract.ts';
import { eventId } from '../../../wire/identifiers.ts';
import { fieldNames } from '../../../wire/testing/contracts.ts';
import { decide } from '../decide.ts';
import { handlers } from './scenario-handlers.ts';

/** One step of a history: what happens next, and how much later (milliseconds; the clock may go back). */
export type Step = { readonly after: number } & (
  | { readonly does: 'ask'; readonly fields: readonly string[] }
  | { readonly does: 'approve' | 'deny' | 'run'; readonly pick: number }
  | { readonly does: 'sever' }
);

const after = fc.constantFrom(0, 1, 1_000, 60_000, 3_600_000, 86_400_000, -60_000);
const pick = fc.nat(5);

/** Steps of a vault's life with one service. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        does: fc.constant('ask' as const),
        after,
        fields: fc.uniqueArray(fc.constantFrom(...fieldNames), { minLength: 1, maxLength: 2 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constantFrom('approve', 'deny', 'run'), after, pick }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('sever' as const), after }) },
  ),
  { maxLength: 25 },
);

const connection = 's'.repeat(26);
const party = `A${'B'.repeat(55)}`;
const bytes = new Uint8Array(32);
const scope = 'f'.repeat(32);

/** A vault's records without a ledger: decided about and folded as the vault does it. */
export class ToldHistory {
  readonly records: LedgerRecord[] = [];
  /** What was decided about requests, first and again, in order. */
  readonly decisions: { readonly request: string; readonly decision: Decision }[] = [];
  state: VaultState = emptyState;
  #clock = 1_700_000_000_000;
  #time: number = this.#clock;
  readonly #contract: Contract;

  constructor(contract: Contract) {
    this.#contract = contract;
    const keys = { signing: bytes, encapsulation: bytes };
    const optional = fieldNames.slice(0, 2);
    const ring = { generation: 1, hash: bytes };
    this.#add({ kind: 'opened', scope, body: { writer: bytes, measurement: '', handlers, ring } });
    const expires = this.#time + 1_000;
    this.#add({ kind: 'invited', scope, body: { connection, party, label: 'shop', expires } });
    const signed = { contract, key: '', signature: '' };
    const event = eventId(this.#time, new Uint8Array(10));
    this.#add({ kind: 'requested', scope, body: { connection, keys, contract: signed, event } });
    const body = { connection, kind: 'service', party, name: 'shop', keys, optional } as const;
    this.#add({ kind: 'connected', scope, body });
  }

  /** Takes a step, where there is something to take it with. */
  take(step: Step): void {
    this.#clock += step.after;
    // A ledger's records never go back in time, whatever the clock of its machine does.
    this.#time = Math.max(this.#time, this.#clock);
    if (step.does === 'ask') this.#ask(step.fields);
    else if (step.does === 'sever')
      this.#add({ kind: 'severed', scope, body: { connection, by: 'owner' } });
    else this.#takeOpen(step.does, step.pick);
  }

  get connection() {
    return this.state.connections.get(connection);
  }

  #ask(fields: readonly string[]): void {
    const received = this.#event(fields);
    const decision = decide(this.state, received, this.#time);
    const request = eventKey(connection, received.id);
    const cause = this.#add({ kind: 'received', scope, body: received });
    this.#decided(request, decision, false, cause);
  }

  #takeOpen(does: 'approve' | 'deny' | 'run', at: number): void {
    const status = does === 'run' ? 'running' : 'pending';
    const open = [...this.state.requests.values()].filter((request) => request.status === status);
    const request = open[at % Math.max(1, open.length)];
    if (request === undefined) return;
    if (does === 'run') this.#run(request.key);
    else this.#word(request, does);
  }

  #word(request: OpenRequest, does: 'approve' | 'deny'): void {
    const { received, facts, key } = request;
    const outcome = does === 'approve' ? ('approved' as const) : ('denied' as const);
    const fields = does === 'approve' ? (facts.consent ?? []).slice(0, 1) : [];
    const said = { request: key, hash: received.digest, outcome, fields, device: 'd' };
    const cause = this.#add({ kind: 'consented', scope, body: said });
    if (does === 'approve')
      this.#decided(key, decide(this.state, received, this.#time, 'again'), true, cause);
  }

  #run(key: string): void {
    const request = this.state.requests.get(key);
    if (request === undefined) return;
    const again = decide(this.state, request.received, this.#time, 'again');
    const { fields = [], consent = [] } = request.facts;
    const given = fields.filter(
      (name) => !consent.includes(name) || request.approved?.includes(name),
    );
    const handler = { name: 'all', version: '1.0.0', digest: '' };
    const run = { durationMs: 1, refused: [], accesses: [], effects: [], handler, request: key };
    const done =
      again.outcome === 'denied'
        ? ({ code: 'dropped', provided: [] } as const)
        : ({ code: 'ok', provided: given } as const);
    this.#add({ kind: 'handled', scope, body: { ...run, ...done } });
  }

  #decided(request: string, decision: Decision, again: boolean, cause: number): void {
    this.decisions.push({ request, decision });
    this.#add({ kind: 'decided', scope, cause, body: { request, again, ...decision } });
  }

  #event(fields: readonly string[]): ReceivedEvent {
    const type = 'data.request';
    const serial = new Uint8Array(10);
    new DataView(serial.buffer).setUint32(6, this.records.length);
    const { id: contractId, version } = this.#contract;
    const id = eventId(this.#time, serial);
    const contract = { id: contractId, version, hash: contractHash(this.#contract) };
    const time = this.#time;
    return {
      subject: `MessageSpace.${'v'.repeat(26)}.fromService.${party}.${type}`,
      connection,
      id,
      digest: serial,
      bytes: 100,
      epoch: 1,
      seen: 0,
      event: { id, type, time, party, contract, payload: { fields: [...fields] } },
      signature: { bytes, valid: true },
    };
  }

  #add(draft: Draft): number {
    const index = this.records.length;
    const place = { index, time: this.#time, leaf: bytes };
    const record = { ...draft, ...place } as unknown as LedgerRecord;
    this.records.push(record);
    this.state = evolve(this.state, record);
    return index;
  }
}
