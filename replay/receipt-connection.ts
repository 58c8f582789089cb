import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Kind } from '../ledger/kinds.ts';
import { ReplayError } from './errors.ts';
import type { ProofReader } from './proof-reader.ts';
import { mayBeOpened, type PickedRecord } from './receipt.ts';
import { receiptRecordsMax } from './receipt-format.ts';
import type { Moment } from './time-travel.ts';

/** Which records of a connection are wanted; from its first and to its last where an end is left out. */
export type Range = { readonly from?: Moment; readonly to?: Moment };

type Candidate = Omit<PickedRecord, 'open'> & { readonly time: number };

/**
 * Reads the whole ledger, and picks all records of one connection between two moments, with as many more
 * at each end as it takes to show that none is missing there.
 * @param connection - its id
 * @throws ReplayError UNKNOWN_CONNECTION, EMPTY_RANGE, TOO_MANY
 */
export async function pickConnection(
  reader: ProofReader,
  connection: string,
  range: Range = {},
): Promise<PickedRecord[]> {
  const run = new Run(range);
  let scope: string | undefined;
  for await (const record of reader.records()) {
    scope ??= beginsConnection(record, connection) ? record.scope : undefined;
    if (record.scope !== scope || record.kind === 'tombstone') continue;
    const { index, kind, time } = record;
    run.take({ index, kind, time, stored: reader.keep(index) });
  }
  if (scope === undefined)
    throw new ReplayError('UNKNOWN_CONNECTION', `no connection ${connection} is in this ledger`);
  return run.picked();
}

function beginsConnection(record: LedgerRecord, connection: string): boolean {
  const begins = record.kind === 'invited' || record.kind === 'connected';
  return begins && record.body.connection === connection;
}

/** The records of a scope as they come, and which of them a range needs. */
class Run {
  readonly #range: Range;
  /** Before the range: the last one that may be opened, and the closed ones after it. */
  #before: Candidate[] = [];
  readonly #within: Candidate[] = [];
  /** After the range, up to the first one that may be opened. */
  readonly #after: Candidate[] = [];

  constructor(range: Range) {
    this.#range = range;
  }

  take(record: Candidate): void {
    const { from, to } = this.#range;
    if (from !== undefined && isBefore(record, from)) this.#takeBefore(record);
    else if (to === undefined || !isAfter(record, to)) this.#within.push(record);
    else if (!this.#after.some(isOpen)) this.#after.push(record);
    if (this.#within.length > receiptRecordsMax)
      throw new ReplayError('TOO_MANY', `more than ${receiptRecordsMax} records: narrow the range`);
  }

  /**
   * A closed record has its place by the open ones around it, so the first and the last must be open. One
   * closed record may stand before the first: that one names it.
   */
  picked(): PickedRecord[] {
    const [first] = this.#within;
    if (first === undefined) throw new ReplayError('EMPTY_RANGE', 'no record in this range');
    const start = isOpen(first) ? this.#before.slice(-1) : this.#before;
    const end = this.#after.some(isOpen) ? this.#after : [];
    const all = [...start, ...this.#within, ...end];
    const run = all.slice(0, all.findLastIndex(isOpen) + 1);
    if (run.length <= start.length)
      throw new ReplayError('EMPTY_RANGE', 'no record in this range can be opened');
    return run.map(({ index, kind, stored }) => ({
      ...{ index, kind, stored },
      open: mayBeOpened(kind) && !(isOpen(first) && index < first.index),
    }));
  }

  #takeBefore(record: Candidate): void {
    if (isOpen(record)) this.#before = [record];
    else this.#before.push(record);
  }
}

function isOpen({ kind }: { readonly kind: Kind }): boolean {
  return mayBeOpened(kind);
}

function isBefore({ index, time }: Candidate, moment: Moment): boolean {
  if (moment === 'end') return true;
  return 'index' in moment ? index < moment.index : time < moment.time;
}

function isAfter({ index, time }: Candidate, moment: Moment): boolean {
  if (moment === 'end') return false;
  return 'index' in moment ? index > moment.index : time > moment.time;
}
