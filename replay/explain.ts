import { decide } from '../core/decision/decide.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Decision } from '../ledger/decision.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState, eventKey, type VaultState } from '../projections/vault-state.ts';
import { toHex } from '../wire/bytes.ts';
import {
  type DecidedRecord,
  type Difference,
  differencesBetween,
  recordedDecision,
} from './decide-again.ts';
import { indexIn, isNamed, type ReceivedRecord, receivedOf } from './find-event.ts';
import { type Followed, Follower } from './followed.ts';

/** One decision about an event, as it was recorded and as it is made now. */
export type ExplainedDecision = {
  /** `again`: when the owner had approved. */
  readonly round: 'first' | 'again';
  readonly record: number;
  /** Unix milliseconds. */
  readonly time: number;
  readonly recorded: Decision;
  /** Whether deciding again gives the recorded decision, bit for bit; if not, where they differ. */
  readonly reproduced: boolean;
  readonly differences: readonly Difference[];
};

/** Why an event was allowed or refused, and what followed. Names, never values. */
export type Explanation = {
  /** Index, leaf (hex) and time of its `received` record. */
  readonly record: number;
  readonly leaf: string;
  readonly time: number;
  readonly subject: string;
  /** Event id and key; the id is empty when the envelope could not be read. */
  readonly id: string;
  readonly key: string;
  /** Absent when the envelope did not open. */
  readonly type: string | null;
  /** When its sender says that it was sent, Unix milliseconds. */
  readonly sent: number | null;
  /** SHA-256, hex, of what was received. */
  readonly digest: string;
  readonly bytes: number;
  /** The connection as it was then. */
  readonly connection: {
    readonly id: string;
    readonly kind: string;
    readonly status: string;
    readonly name: string;
    readonly party: string;
  } | null;
  /** The contract that was in force. */
  readonly contract: {
    readonly id: string;
    readonly version: number;
    readonly hash: string;
    readonly title: string;
  } | null;
  /** The first decision, and those after it. Empty when there is no record of one. */
  readonly decisions: readonly ExplainedDecision[];
  readonly followed: readonly Followed[];
  /** Indices of later `received` records with the same event id. */
  readonly others: readonly number[];
};

/**
 * Explains one event: replays to just before it, decides again, and gathers what followed.
 * @param records - whole, from the first one; iterated twice when `event` is an index
 * @param event - event id, event key, or index of any record that belongs to it
 * @returns `undefined` when there is no such event; the first one where several have that id
 * @throws ReplayError NOT_AN_EVENT, BEYOND_END
 */
export async function explain(
  records: AsyncIterable<LedgerRecord>,
  event: string,
): Promise<Explanation | undefined> {
  const index = indexIn(event);
  const wanted = index === undefined ? undefined : await receivedOf(records, index);
  const isWanted = (record: ReceivedRecord): boolean =>
    wanted === undefined ? isNamed(record, event) : record.index === wanted;
  let state = emptyState;
  let gathering: Gathering | undefined;
  for await (const record of records) {
    if (gathering !== undefined) gathering.take(state, record);
    else if (record.kind === 'received' && isWanted(record))
      gathering = new Gathering(state, record);
    state = evolve(state, record);
  }
  return gathering?.explanation();
}

class Gathering {
  readonly #before: VaultState;
  readonly #event: ReceivedRecord;
  readonly #key: string;
  readonly #follower: Follower;
  readonly #decisions: ExplainedDecision[] = [];
  readonly #followed: Followed[] = [];
  readonly #others: number[] = [];

  constructor(before: VaultState, event: ReceivedRecord) {
    this.#before = before;
    this.#event = event;
    this.#key = eventKey(event.body.connection, event.body.id);
    this.#follower = new Follower(event, this.#key);
  }

  take(state: VaultState, record: LedgerRecord): void {
    const { id } = this.#event.body;
    if (record.kind === 'received' && id !== '' && record.body.id === id)
      this.#others.push(record.index);
    const followed = this.#follower.take(state, record);
    if (followed === undefined) return;
    const own = record.kind === 'decided' && record.body.request === this.#key;
    if (own) this.#decisions.push(this.#decision(state, record));
    if (!own || record.body.again) this.#followed.push(followed);
  }

  /** Decides again on the state that it was decided on: without the event, or with the owner's word. */
  #decision(state: VaultState, record: DecidedRecord): ExplainedDecision {
    const { time, body, index } = record;
    const round = body.again ? 'again' : 'first';
    const on = body.again ? state : this.#before;
    const recorded = recordedDecision(record);
    const now = decide(on, this.#event.body, time, round);
    const differences = differencesBetween(recorded, now);
    const reproduced = differences.length === 0;
    return { round, record: index, time, recorded, reproduced, differences };
  }

  explanation(): Explanation {
    const { index, leaf, time, body } = this.#event;
    return {
      record: index,
      leaf: toHex(leaf),
      time,
      subject: body.subject,
      id: body.id,
      key: this.#key,
      type: body.event?.type ?? null,
      sent: body.event?.time ?? null,
      digest: toHex(body.digest),
      bytes: body.bytes,
      ...connectionThen(this.#before, body.connection),
      decisions: this.#decisions,
      followed: this.#followed,
      others: this.#others,
    };
  }
}

function connectionThen(
  state: VaultState,
  connection: string,
): Pick<Explanation, 'connection' | 'contract'> {
  const known = state.connections.get(connection);
  if (known === undefined) return { connection: null, contract: null };
  const { id, kind, status, name, party, contractHash: hash } = known;
  const document = known.contract?.contract;
  return {
    connection: { id, kind, status, name, party },
    contract:
      document === undefined
        ? null
        : {
            id: document.id,
            version: document.version,
            hash: hash ?? '',
            title: document.title,
          },
  };
}
