/* A ledger that a real vault has written, small enough to damage every byte of it. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { connectLedger } from '../../cli/servers.ts';
import { startLedgerServer } from '../../core/bus/ledger-server.ts';
import type { ChainEnd, LedgerIdentity } from '../../ledger/chain-end.ts';
import type { CommitStore, StoredCommit } from '../../ledger/commit-store.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { jetStreamStore } from '../../ledger/jetstream-store.ts';
import { verifyStore } from '../../ledger/reader.ts';
import { toHex } from '../../wire/bytes.ts';
import { retailer, TestHouse } from '../harness.ts';

/** A commit, the indices of its records, and where the chain stands before it. */
export type PlacedCommit = StoredCommit & {
  readonly first: number;
  readonly end: number;
  readonly before: ChainEnd;
};

/** What verification found: the leaves of whole records in order, and what stopped it. */
export type Verdict = { readonly leaves: readonly string[]; readonly failure?: LedgerError };

/** A vault that was asked a few things and is closed; `ledger/` in its data directory is whole. */
export async function smallVault(): Promise<TestHouse> {
  const house = await TestHouse.create();
  await house.open();
  const owner = await house.owner();
  for (const field of ['full_name', 'shipping_address', 'date_of_birth'])
    await owner.served('owner.set', { field: `personal/${field}`, value: `the ${field}` });
  const service = await house.connectService(owner, await retailer());
  const ask = (field: string) =>
    service.request('data.request', { fields: [field] }, { acceptPending: true });
  await ask('personal/shipping_address');
  await ask('personal/date_of_birth');
  await ask('personal/nothing');
  const payment = { order: 'A-1', amount: 100, currency: 'EUR', payee: 'Acme Retail' };
  await service.request('payment.request', payment, { critical: true });
  await house.closeVault();
  await house.ledger.stop();
  return house;
}

/** Every commit of a store, with the places of its records. */
export async function placedCommits(
  store: CommitStore,
  identity: LedgerIdentity,
): Promise<PlacedCommit[]> {
  const bytes: StoredCommit[] = [];
  for await (const commit of store.scan(1)) bytes.push(commit);
  const placed: PlacedCommit[] = [];
  for await (const { sequence, records, before, end } of verifyStore(store, identity)) {
    const commit = bytes[sequence - 1];
    if (commit === undefined) throw new Error(`commit ${sequence} is missing`);
    placed.push({ ...commit, first: end.size - records.length, end: end.size, before });
  }
  return placed;
}

/** Commits in memory, in the order given; a store of JetStream's would number them itself. */
export function memoryStore(commits: readonly Uint8Array[]): CommitStore {
  const numbered = commits.map((bytes, at) => ({ sequence: at + 1, bytes }));
  return {
    append: () => Promise.reject(new Error('nothing is appended here')),
    read: async (sequence) => numbered[sequence - 1],
    last: async () => numbered.length,
    scan: async function* (sequence) {
      yield* numbered.slice(sequence - 1);
    },
  };
}

/** What verification says of a store. */
export async function verdictOn(store: CommitStore, identity: LedgerIdentity): Promise<Verdict> {
  const leaves: string[] = [];
  try {
    for await (const { records } of verifyStore(store, identity))
      leaves.push(...records.map(({ leaf }) => toHex(leaf)));
    return { leaves };
  } catch (error) {
    if (error instanceof LedgerError) return { leaves, failure: error };
    throw error;
  }
}

/** Starts a server on a copy of a vault's ledger, damaged before, and gives its store. */
export async function onDamagedCopy<T>(
  house: TestHouse,
  binary: string,
  folder: string,
  damage: (store: string) => Promise<void>,
  use: (store: CommitStore) => Promise<T>,
): Promise<T> {
  const dir = join(folder, 'store');
  await cp(house.data.ledger, dir, { recursive: true });
  await damage(dir);
  const server = await startLedgerServer({ binary, dir, runDir: join(folder, 'run') });
  try {
    const nc = await connectLedger(server.url, server.seeds.reader);
    try {
      return await use(await jetStreamStore(nc, house.card.vault));
    } finally {
      await nc.close();
    }
  } finally {
    await server.stop();
  }
}
