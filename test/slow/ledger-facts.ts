/* What a whole ledger says, put beside what clients saw. Each finding is a sentence; none is good. */

import type { LedgerRecord } from '../../ledger/bodies.ts';
import { eventKey } from '../../projections/vault-state.ts';
import { equalBytes } from '../../wire/bytes.ts';
import type { Load } from './load.ts';
import type { RawPeer } from './raw-peer.ts';

type Of<K extends LedgerRecord['kind']> = Extract<LedgerRecord, { kind: K }>;

/** Records by what they are about. */
export class LedgerFacts {
  readonly records: LedgerRecord[] = [];
  /** First decisions, by index of the event's record. */
  readonly #decided = new Map<number, Of<'decided'>[]>();
  readonly #received = new Map<string, Of<'received'>[]>();
  readonly #handled = new Map<string, Of<'handled'>[]>();
  /** Messages of the outbox by their own id, and by the event key that they answer. */
  readonly #queued = new Map<string, Of<'queued'>>();
  readonly #answers = new Map<string, Of<'queued'>[]>();
  readonly faults: string[] = [];

  take(record: LedgerRecord): void {
    this.records.push(record);
    switch (record.kind) {
      case 'received':
        if (record.body.event !== undefined)
          add(this.#received, eventKey(record.body.connection, record.body.id), record);
        return;
      case 'decided':
        if (!record.body.again) add(this.#decided, record.cause ?? -1, record);
        return;
      case 'handled':
        add(this.#handled, record.body.request, record);
        return;
      case 'queued':
        if (this.#queued.has(record.body.id)) this.#fault(`two messages have id ${record.body.id}`);
        this.#queued.set(record.body.id, record);
        if (record.body.answers !== undefined) add(this.#answers, record.body.answers, record);
        return;
      case 'sent':
        for (const id of record.body.ids)
          if (!this.#queued.has(id)) this.#fault(`${id} was sent before it was in the outbox`);
        return;
      default:
    }
  }

  /** Everything below; gives the count of payments that were authorized. */
  checkAll(load: Load): number {
    const { connection, peer } = load.service;
    this.#checkThemselves();
    this.#checkRequests(load, connection);
    this.#checkMessages(peer, new Set());
    this.#checkMessages(load.owner, load.readings);
    this.faults.push(...peer.faults, ...load.owner.faults);
    return this.#checkPayments(load, connection);
  }

  /** Every event has its one decision, and nothing happens twice that may happen once. */
  #checkThemselves(): void {
    for (const record of this.records)
      if (record.kind === 'received' && this.#decided.get(record.index)?.length !== 1)
        this.#fault(`record ${record.index} has no decision, or more than one`);
    for (const [key, records] of this.#received)
      if (records.length > 1) this.#fault(`${key} was decided ${records.length} times`);
    for (const [key, records] of this.#handled)
      if (records.length > 1) this.#fault(`${key} was handled ${records.length} times`);
    const done = new Set<string>();
    for (const { body } of [...this.#handled.values()].flat()) {
      if (body.once === undefined || body.code !== 'ok') continue;
      if (done.has(body.once)) this.#fault(`${body.once} was done twice`);
      done.add(body.once);
    }
  }

  /** Every request that had to be answered has one final answer, recorded and received. */
  #checkRequests({ service, requests, consents, payments }: Load, connection: string): void {
    const promised = payments.filter(({ acknowledged }) => acknowledged);
    const ids = [...requests, ...consents, ...promised.map(({ event }) => event)];
    for (const { id } of ids) {
      const key = eventKey(connection, id);
      if (this.#received.get(key)?.length !== 1) this.#fault(`${key} is not recorded once`);
      const finals = this.#answers.get(key)?.filter((answer) => !this.#isPending(answer)) ?? [];
      if (finals.length !== 1) this.#fault(`${key} has ${finals.length} final answers`);
      const [seen] = [...(service.peer.answers.get(id) ?? [])].filter(
        ([, { status }]) => status !== 'pending',
      );
      if (seen === undefined) this.#fault(`${key}: no final answer arrived`);
      else if (seen[0] !== finals[0]?.body.id) this.#fault(`${key}: ${seen[0]} is not its answer`);
    }
    for (const { event, sentAgain } of promised) {
      const [record] = this.#received.get(eventKey(connection, event.id)) ?? [];
      if (sentAgain !== undefined && (record?.time ?? Infinity) >= sentAgain)
        this.#fault(`${event.id} was acknowledged and lost: it is there because it was sent again`);
    }
  }

  /**
   * Nothing was received that is not in the outbox, byte for byte, from before.
   * @param readings - ids of questions whose answers are sent and not kept
   */
  #checkMessages(peer: RawPeer, readings: ReadonlySet<string>): void {
    const unrecorded = new Set(
      [...readings].flatMap((id) => [...(peer.answers.get(id)?.keys() ?? [])]),
    );
    for (const [id, { bytes, at }] of peer.messages) {
      const record = this.#queued.get(id);
      if (record === undefined) {
        if (!unrecorded.has(id)) this.#fault(`message ${id} is not in the ledger`);
      } else if (!equalBytes(record.body.bytes, bytes))
        this.#fault(`message ${id} has other bytes`);
      else if (record.time > at) this.#fault(`message ${id} is older than its record`);
    }
  }

  /** Each authorization that the client holds was recorded, once for its order. */
  #checkPayments({ service, payments }: Load, connection: string): number {
    const authorized = new Set<string>();
    for (const { event, order } of payments) {
      if (service.peer.finalAnswer(event.id)?.status !== 'served') continue;
      if (authorized.has(order)) this.#fault(`${order} was authorized twice`);
      authorized.add(order);
      const [handled] = this.#handled.get(eventKey(connection, event.id)) ?? [];
      const recorded = handled?.body.effects.some((effect) => effect['order'] === order);
      if (handled?.body.code !== 'ok' || recorded !== true)
        this.#fault(`${order} was authorized without a record`);
    }
    return authorized.size;
  }

  #isPending({ cause }: Of<'queued'>): boolean {
    const from = this.records[cause ?? -1];
    return from?.kind === 'decided' && from.body.outcome === 'pending';
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}

function add<K, V>(table: Map<K, V[]>, key: K, value: V): void {
  const values = table.get(key);
  if (values === undefined) table.set(key, [value]);
  else values.push(value);
}
