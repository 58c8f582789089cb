import type { LedgerRecord } from '../ledger/bodies.ts';
import type { VaultState } from '../projections/vault-state.ts';
import type { ReceivedRecord } from './find-event.ts';

/** One fact that followed from an event: names, never values. */
export type Followed = {
  readonly record: number;
  /** Unix milliseconds. */
  readonly time: number;
  readonly kind: LedgerRecord['kind'];
  /** In plain words; may hold text from others. */
  readonly text: string;
};

/** Tells which later records follow from one received event. */
export class Follower {
  readonly #event: ReceivedRecord;
  readonly #key: string;
  /** Records that follow from it, and messages that they queued. */
  readonly #records: Set<number>;
  readonly #messages = new Set<string>();

  /** @param key - event key of `event` */
  constructor(event: ReceivedRecord, key: string) {
    this.#event = event;
    this.#key = key;
    this.#records = new Set([event.index]);
  }

  /**
   * The record in words, when it follows from the event. Call it for every later record, in order.
   * @param before - the state before the record
   */
  take(before: VaultState, record: LedgerRecord): Followed | undefined {
    if (!this.#follows(before, record)) return undefined;
    this.#records.add(record.index);
    if (record.kind === 'queued') this.#messages.add(record.body.id);
    const text = this.#describe(before, record);
    return { record: record.index, time: record.time, kind: record.kind, text };
  }

  #follows(before: VaultState, record: LedgerRecord): boolean {
    if (record.cause !== undefined && this.#records.has(record.cause)) return true;
    switch (record.kind) {
      case 'decided':
        return record.body.again && this.#isOpen(before, record.body.request);
      case 'consented':
      case 'handled':
      case 'expired':
        return this.#isOpen(before, record.body.request);
      case 'sent':
        return record.body.ids.some((id) => this.#messages.has(id));
      case 'connected':
      case 'declined':
        return this.#asked(before, record.body.connection);
      case 'contract_accepted':
      case 'contract_rejected':
        return this.#offered(before, record.body.connection);
      default:
        return false;
    }
  }

  /** Whether the request of that key is this event, and not another that bears its id. */
  #isOpen(before: VaultState, request: string): boolean {
    return request === this.#key && before.requests.get(request)?.index === this.#event.index;
  }

  #asked(before: VaultState, connection: string): boolean {
    const { body } = this.#event;
    return (
      connection === body.connection && before.connections.get(connection)?.request === body.id
    );
  }

  #offered(before: VaultState, connection: string): boolean {
    const { body } = this.#event;
    const offered = before.connections.get(connection)?.offered;
    return connection === body.connection && offered?.event === body.id;
  }

  #describe(before: VaultState, record: LedgerRecord): string {
    switch (record.kind) {
      case 'queued': {
        const { answers, connection, id } = record.body;
        const whom = before.connections.get(connection)?.name ?? connection;
        return answers === this.#key
          ? `answer ${id} is queued`
          : `message ${id} to ${whom} is queued`;
      }
      case 'sent':
        return `published: ${record.body.ids.filter((id) => this.#messages.has(id)).join(', ')}`;
      default:
        return describeFact(record);
    }
  }
}

function describeFact(record: LedgerRecord): string {
  switch (record.kind) {
    case 'decided': {
      const { outcome, reason, detail, again } = record.body;
      const why = reason === undefined ? '' : `: ${reason} (${detail ?? ''})`;
      return `${again ? 'decided again, ' : 'decided, '}${outcome}${why}`;
    }
    case 'consented': {
      const { outcome, fields, device } = record.body;
      return outcome === 'denied'
        ? `the owner denied it (device ${device})`
        : `the owner approved ${listed(fields)} (device ${device})`;
    }
    case 'handled':
      return describeHandled(record);
    case 'expired':
      return `ended without an answer: ${record.body.reason}`;
    case 'stored':
      return `field ${record.body.field} is stored`;
    case 'connected':
      return `${record.body.name} is connected`;
    case 'contract_offered':
      return `version ${record.body.contract.contract.version} of the contract waits for the owner`;
    case 'contract_accepted':
      return `the owner accepted version ${record.body.version} (device ${record.body.device})`;
    case 'contract_rejected':
      return `the owner rejected version ${record.body.version} (device ${record.body.device})`;
    case 'value_received':
      return 'its value is kept apart';
    case 'erased':
      return `${record.body.what.kind} ${record.body.what.name} is forgotten`;
    case 'rotated':
      return record.body.purpose === 'ring'
        ? 'the keyring is wrapped anew'
        : `the ${record.body.purpose} key is replaced`;
    case 'granted':
      return `granted anew: ${listed(record.body.fields)}`;
    case 'remembered':
      return `${record.body.field} is remembered until ${new Date(record.body.until).toISOString()}`;
    case 'rule_revoked':
      return `rule ${record.body.rule} is revoked`;
    case 'notified':
      return `the owner is told: ${record.body.about} × ${record.body.count}`;
    case 'notice_held':
      return 'it is counted, and told to the owner later';
    case 'agent_granted':
      return `the agent may do other things (version ${record.body.contract.contract.version})`;
    case 'agent_refused':
      return record.body.until === undefined
        ? `it counts as refusal ${record.body.refusals.length}`
        : `the agent gets nothing until ${new Date(record.body.until).toISOString()}`;
    case 'tombstone':
      return `erased (${record.body.was})`;
    case 'epoch_opened':
      return `a new epoch ${record.body.direction}: ${record.body.number}`;
    default:
      return record.kind;
  }
}

function describeHandled({ body }: Extract<LedgerRecord, { readonly kind: 'handled' }>): string {
  const { handler, code, reason, detail, durationMs, provided, refused } = body;
  const who = `${handler.name} ${handler.version}`;
  const took = `in ${durationMs} ms`;
  if (code !== 'ok') return `${who} ${code} ${took}: ${reason ?? ''} (${detail ?? ''})`;
  const gave = provided.length === 0 ? '' : `, gave ${listed(provided)}`;
  const kept = refused.length === 0 ? '' : `, has no ${listed(refused)}`;
  return `${who} is done ${took}${gave}${kept}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}
