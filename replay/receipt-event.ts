import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Kind } from '../ledger/kinds.ts';
import { contractInForce } from '../projections/contract-in-force.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState, eventKey, type VaultState } from '../projections/vault-state.ts';
import { toBase64url } from '../wire/bytes.ts';
import type { Statement } from '../wire/statement.ts';
import { ReplayError } from './errors.ts';
import { indexIn, isNamed, type ReceivedRecord, receivedOf } from './find-event.ts';
import { Follower } from './followed.ts';
import { history } from './history.ts';
import type { LedgerSource, ProofReader } from './proof-reader.ts';
import { mayBeOpened, type PickedRecord } from './receipt.ts';
import { answerFrom, codeFor } from './receipt-contents.ts';

/** What a vault would sign about a record, but for the ledger's id. */
export type Unsigned = Omit<Statement, 'ledger'>;

/** The records of one event, and what is to be signed about them. */
export type PickedEvent = {
  readonly about: 'event' | 'record';
  readonly records: readonly PickedRecord[];
  readonly statements: readonly Unsigned[];
};

/** Kinds that tell what became of an event. What was sent because of it, and its keys, are not in a receipt. */
const eventKinds: ReadonlySet<Kind> = new Set<Kind>([
  'received',
  'decided',
  'consented',
  'handled',
  'expired',
  'requested',
  'connected',
  'credential_renewed',
  'declined',
  'contract_offered',
  'contract_accepted',
]);

/**
 * Reads the whole ledger, and picks the records of one event; or one record, where its index belongs to none.
 * @param event - event id, event key, or index of a record
 * @param open - whether their keys are to go with them
 * @throws ReplayError UNKNOWN_EVENT, NOTHING_SAID, NOT_DISCLOSED, BEYOND_END
 */
export async function pickEvent(
  source: LedgerSource,
  reader: ProofReader,
  event: string,
  open: boolean,
): Promise<PickedEvent> {
  const index = indexIn(event);
  const wanted = index === undefined ? undefined : await wantedRecord(source, index);
  if (wanted?.kind === 'alone') return pickRecord(reader, wanted.index, open);
  const isWanted = (record: ReceivedRecord): boolean =>
    wanted === undefined ? isNamed(record, event) : record.index === wanted.index;
  let state = emptyState;
  let gathering: Gathering | undefined;
  for await (const record of reader.records()) {
    if (gathering !== undefined) gathering.take(state, record);
    else if (record.kind === 'received' && isWanted(record))
      gathering = new Gathering(reader, record, open);
    state = evolve(state, record);
  }
  if (gathering === undefined)
    throw new ReplayError('UNKNOWN_EVENT', 'no event of that name is in this ledger');
  return gathering.picked();
}

/** The event that a record belongs to, or the record itself. */
async function wantedRecord(
  { store, identity, keys }: LedgerSource,
  index: number,
): Promise<{ readonly kind: 'event' | 'alone'; readonly index: number }> {
  const records = history(store, identity, keys);
  let kind: LedgerRecord['kind'] | undefined;
  for await (const record of records) {
    if (record.index !== index) continue;
    kind = record.kind;
    break;
  }
  if (kind === undefined) throw new ReplayError('BEYOND_END', `the ledger has no record ${index}`);
  const isOfEvent = kind !== 'tombstone' && eventKinds.has(kind);
  if (!isOfEvent) return { kind: 'alone', index };
  try {
    return { kind: 'event', index: await receivedOf(records, index) };
  } catch (error) {
    if (error instanceof ReplayError && error.code === 'NOT_AN_EVENT')
      return { kind: 'alone', index };
    throw error;
  }
}

async function pickRecord(reader: ProofReader, index: number, open: boolean): Promise<PickedEvent> {
  const records: PickedRecord[] = [];
  for await (const record of reader.records()) {
    if (record.index !== index) continue;
    const kind = record.kind === 'tombstone' ? record.body.was : record.kind;
    if (open && (record.kind === 'tombstone' || !mayBeOpened(kind)))
      throw new ReplayError(
        'NOT_DISCLOSED',
        `record ${index} (${kind}) cannot be opened to others`,
      );
    records.push({ index, kind, stored: reader.keep(index), open });
  }
  return { about: 'record', records, statements: [] };
}

class Gathering {
  readonly #reader: ProofReader;
  readonly #event: ReceivedRecord;
  readonly #open: boolean;
  readonly #follower: Follower;
  readonly #records: LedgerRecord[] = [];
  readonly #picked: PickedRecord[] = [];
  readonly #statements: Unsigned[] = [];

  constructor(reader: ProofReader, event: ReceivedRecord, open: boolean) {
    this.#reader = reader;
    this.#event = event;
    this.#open = open;
    this.#follower = new Follower(event, eventKey(event.body.connection, event.body.id));
    this.#pick(event);
  }

  /** @param before - the state before the record */
  take(before: VaultState, record: LedgerRecord): void {
    if (this.#follower.take(before, record) === undefined) return;
    if (record.kind === 'queued') this.#answered(before, record);
    else if (record.scope === this.#event.scope) this.#pick(record);
  }

  picked(): PickedEvent {
    if (!this.#open && this.#statements.length === 0)
      throw new ReplayError(
        'NOTHING_SAID',
        'no service was answered about it, so there is no signed statement: only its records can tell (--disclose)',
      );
    return { about: 'event', records: this.#picked, statements: this.#statements };
  }

  #pick(record: LedgerRecord): void {
    const { kind, index } = record;
    if (kind === 'tombstone' || !eventKinds.has(kind)) return;
    this.#records.push(record);
    const stored = this.#reader.keep(index);
    this.#picked.push({ index, kind, stored, open: this.#open });
  }

  /** An answer to a service: the vault has signed a statement about the record that it follows from. */
  #answered(before: VaultState, { body, cause }: Extract<LedgerRecord, { kind: 'queued' }>): void {
    const { connection: id, id: event } = this.#event.body;
    const connection = before.connections.get(id);
    const from = this.#records.find(({ index }) => index === cause);
    if (
      connection === undefined ||
      connection.kind === 'owner' ||
      body.connection !== id ||
      from === undefined
    )
      return;
    const type = this.#event.body.event?.type ?? '';
    const answer = from.kind === 'tombstone' ? undefined : answerFrom(from.kind, from.body, type);
    if (answer === undefined) return;
    const contract = contractInForce(connection);
    this.#statements.push({
      ...{ vault: before.vault, connection: id, event, type, status: answer.status },
      ...codeFor(answer),
      ...(contract === undefined ? {} : { contract }),
      ...{ leaf: toBase64url(from.leaf), time: from.time },
    });
  }
}
