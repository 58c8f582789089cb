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
  | { readonly does: 'ask'; readonly fields: readonly string[]; readonly epoch: number }
  | { readonly does: 'approve' | 'remember' | 'deny' | 'run'; readonly pick: number }
  | { readonly does: 'grant' | 'revoke'; readonly pick: number }
  | { readonly does: 'sever' | 'publish' | 'accept' }
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
        epoch: fc.constantFrom(1, 1, 2),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        does: fc.constantFrom('approve', 'remember', 'deny', 'run', 'run'),
        after,
        pick,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ does: fc.constantFrom('grant', 'revoke'), after, pick }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        does: fc.constantFrom('sever', 'publish', 'accept', 'accept'),
        after,
      }),
    },
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
  /** The version in force, as the service knows it. */
  #contract: Contract;

  constructor(contract: Contract) {
    this.#contract = contract;
    const keys = { signing: bytes, encapsulation: bytes };
    const optional = fieldNames.slice(0, 2);
    const ring = { generation: 1, hash: bytes };
    this.#add({ kind: 'opened', scope, body: { writer: bytes, measurement: '', handlers, ring } });
    for (const field of fieldNames)
      this.#add({ kind: 'stored', scope, body: { field, value: '' } });
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
    if (step.does === 'ask') this.#ask(step.fields, step.epoch);
    else if (step.does === 'grant') this.#grant(step.pick);
    else if (step.does === 'revoke') this.#revoke(step.pick);
    else if (step.does === 'sever')
      this.#add({ kind: 'severed', scope, body: { connection, by: 'owner' } });
    else if (step.does === 'publish') this.#publish();
    else if (step.does === 'accept') this.#accept();
    else if ('pick' in step) this.#takeOpen(step.does, step.pick);
  }

  get connection() {
    return this.state.connections.get(connection);
  }

  #ask(fields: readonly string[], epoch: number): void {
    const received = { ...this.#event(fields), epoch };
    const decision = decide(this.state, received, this.#time);
    const request = eventKey(connection, received.id);
    const cause = this.#add({ kind: 'received', scope, body: received });
    this.#decided(request, decision, false, cause);
  }

  #publish(): void {
    const before = this.connection?.offered?.contract.contract ?? this.#contract;
    const previous = contractHash(before);
    const contract = { ...before, version: before.version + 1, previous };
    const signed = { contract, key: '', signature: '' };
    const event = eventId(this.#time, new Uint8Array(10));
    if (this.connection?.status === 'active')
      this.#add({ kind: 'contract_offered', scope, body: { connection, contract: signed, event } });
  }

  #accept(): void {
    const offered = this.connection?.offered;
    if (offered === undefined) return;
    const { version } = offered.contract.contract;
    const word = { connection, version, hash: offered.hash, device: 'd' };
    this.#add({ kind: 'contract_accepted', scope, body: { ...word, optional: [] } });
    this.#contract = offered.contract.contract;
  }

  #grant(pick: number): void {
    const { name, tier } =
      this.#contract.fields[pick % Math.max(1, this.#contract.fields.length)] ?? {};
    if (name === undefined || tier === 'consent') return;
    this.#add({ kind: 'granted', scope, body: { connection, fields: [name], device: 'd' } });
  }

  #revoke(pick: number): void {
    const rules = [...(this.connection?.rules?.keys() ?? [])];
    const rule = rules[pick % Math.max(1, rules.length)];
    if (rule !== undefined)
      this.#add({ kind: 'rule_revoked', scope, body: { connection, rule, device: 'd' } });
  }

  #takeOpen(does: 'approve' | 'remember' | 'deny' | 'run', at: number): void {
    const status = does === 'run' ? 'running' : 'pending';
    const open = [...this.state.requests.values()].filter((request) => request.status === status);
    const request = open[at % Math.max(1, open.length)];
    if (request === undefined) return;
    if (does === 'run') this.#run(request.key);
    else this.#word(request, does);
  }

  #word(request: OpenRequest, does: 'approve' | 'remember' | 'deny'): void {
    const { received, facts, key } = request;
    const outcome = does === 'deny' ? ('denied' as const) : ('approved' as const);
    const fields = does === 'deny' ? [] : (facts.consent ?? []).slice(0, 1);
    const said = { request: key, hash: received.digest, outcome, fields, device: 'd' };
    const cause = this.#add({ kind: 'consented', scope, body: said });
    if (does === 'deny') return;
    this.#decided(key, decide(this.state, received, this.#time, 'again'), true, cause);
    const [field] = fields;
    if (does === 'remember' && field !== undefined) this.#remember(field);
  }

  #remember(field: string): void {
    const purpose = this.#contract.fields.find(({ name }) => name === field)?.purpose ?? '';
    const shared = { connection, type: 'data.request', field, purpose, device: 'd' };
    const body = {
      ...shared,
      contract: contractHash(this.#contract),
      until: this.#time + 90_000_000,
    };
    this.#add({ kind: 'remembered', scope, body });
  }

  #run(key: string): void {
    const request = this.state.requests.get(key);
    if (request === undefined) return;
    const again = decide(this.state, request.received, this.#time, 'again');
    const { fields = [], consent = [], rules = {} } = request.facts;
    const approved = request.approved ?? Object.keys(rules);
    const given = fields.filter((name) => !consent.includes(name) || approved.includes(name));
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
