import type { LedgerRecord } from '../../ledger/bodies.ts';

/** All records of a history. */
export async function collect(source: AsyncIterable<LedgerRecord>): Promise<LedgerRecord[]> {
  const out: LedgerRecord[] = [];
  for await (const record of source) out.push(record);
  return out;
}

/** Records as a history, each changed on the way where a change is given. */
export function replayed(
  records: readonly LedgerRecord[],
  change: (record: LedgerRecord) => LedgerRecord = (record) => record,
): AsyncIterable<LedgerRecord> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const record of records) yield change(record);
    },
  };
}
