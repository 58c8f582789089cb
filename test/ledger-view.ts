/* The ledger of a test house, read back from its store by somebody else: verified, then opened. */
import { connectLedger } from '../cli/servers.ts';
import type { Bodies, LedgerRecord } from '../ledger/bodies.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { type VerifiedCommit, verifyStore } from '../ledger/reader.ts';
import { RecordOpener } from '../ledger/record-opener.ts';
import { jetStreamRing } from '../ledger/ring-store.ts';
import type { AuditEntry } from '../projections/audit-entry.ts';
import { AuditTrail } from '../projections/audit-trail.ts';
import { eventKey } from '../projections/vault-state.ts';
import { decode, encode, integer, type MsgpackValue } from '../wire/msgpack.ts';
import type { TestHouse } from './harness.ts';

type Of<K extends LedgerRecord['kind']> = Extract<LedgerRecord, { kind: K }>;

/** Everything that the ledger says about one event. */
export type Trace = {
  readonly received: readonly Of<'received'>[];
  readonly decided: readonly Bodies['decided'][];
  readonly consented: readonly Bodies['consented'][];
  readonly handled: readonly Bodies['handled'][];
  readonly expired: readonly Bodies['expired'][];
  /** Answers, each published once its record is durable. */
  readonly answers: readonly Bodies['queued'][];
};

const pollMs = 20;
const patienceMs = 20_000;

/**
 * Every record there is.
 * @throws LedgerError when the ledger is not whole
 */
export async function readLedger(house: TestHouse): Promise<LedgerRecord[]> {
  const { card, ledger } = house;
  const nc = await connectLedger(ledger.url, ledger.seeds.reader);
  try {
    const store = await jetStreamStore(nc, card.vault);
    const verified: VerifiedCommit[] = [];
    for await (const commit of verifyStore(store, card.ledger)) verified.push(commit);
    // After the records: a key is durable before the first record under it.
    const ring = await Keyring.unlock(
      await jetStreamRing(nc, card.vault),
      card.ledger.id,
      house.roots,
    );
    const opener = new RecordOpener(card.ledger, (scope) => ring.scopeKey(scope));
    const records = verified.flatMap((commit) => [...opener.open(commit)]);
    ring.close();
    return records;
  } finally {
    await nc.close();
  }
}

/** Reads the ledger until it fits, and gives it. */
export async function ledgerWhen(
  house: TestHouse,
  fits: (records: readonly LedgerRecord[]) => boolean,
): Promise<LedgerRecord[]> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const records = await readLedger(house);
    if (fits(records)) return records;
    if (Date.now() > deadline) throw new Error(`never so: ${records.map(({ kind }) => kind)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** What the ledger says about the event of this id on this connection. */
export async function traceOf(house: TestHouse, connection: string, id: string): Promise<Trace> {
  return traceIn(await readLedger(house), connection, id);
}

/** The same in records that were read before. */
export function traceIn(records: readonly LedgerRecord[], connection: string, id: string): Trace {
  const key = eventKey(connection, id);
  return {
    received: ofKind(records, 'received').filter(
      ({ body }) => body.connection === connection && body.id === id,
    ),
    decided: bodies(records, 'decided').filter(({ request }) => request === key),
    consented: bodies(records, 'consented').filter(({ request }) => request === key),
    handled: bodies(records, 'handled').filter(({ request }) => request === key),
    expired: bodies(records, 'expired').filter(({ request }) => request === key),
    answers: bodies(records, 'queued').filter(({ answers }) => answers === key),
  };
}

/** Records of one kind. */
export function ofKind<K extends LedgerRecord['kind']>(
  records: readonly LedgerRecord[],
  kind: K,
): Of<K>[] {
  return records.filter((record): record is Of<K> => record.kind === kind);
}

/** The audit trail that follows from the records. */
export function trailOf(records: readonly LedgerRecord[]): AuditEntry[] {
  const trail = new AuditTrail();
  for (const record of records) trail.fold(record);
  return trail.entries();
}

function bodies<K extends keyof Bodies>(records: readonly LedgerRecord[], kind: K): Bodies[K][] {
  return records.flatMap((record) => (record.kind === kind ? [record.body as Bodies[K]] : []));
}

/** A commit in which the time of its last record is another: one bit of a clear header. */
export function altered(commit: Uint8Array): Uint8Array {
  const parts = decode(commit) as readonly MsgpackValue[];
  const records = parts[4] as readonly Uint8Array[];
  const last = new Uint8Array(records.at(-1) as Uint8Array);
  // After the array, the header's own length, version and kind: the lowest byte of the time.
  const timeEnd = 3 + 11;
  last[timeEnd] = (last[timeEnd] ?? 0) ^ 1;
  const whole = parts.map((part, at) => (at === 2 ? integer(Number(part)) : part));
  return encode(whole.with(4, records.with(-1, last) as never));
}
