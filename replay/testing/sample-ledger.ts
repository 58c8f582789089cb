import { ledgerOrigin, signCheckpoint } from '../../ledger/checkpoint.ts';
import type { ExportHeader } from '../../ledger/export-format.ts';
import { Ledger } from '../../ledger/ledger.ts';
import {
  fixedBytes,
  genesis,
  identity,
  otherScope,
  partsOf,
  signer,
  startTime,
  stored,
} from '../../ledger/testing/fixtures.ts';
import { MemoryStore } from '../../ledger/testing/memory-store.ts';
import { rootOf } from '../../ledger/tree.ts';
import { concat, equalBytes } from '../../wire/bytes.ts';
import { type Signer, signerFrom } from '../../wire/crypto.ts';
import { type ExportSource, exportLedger } from '../export.ts';

/** Header of the exports here. */
export const sampleHeader: ExportHeader = {
  vault: 'sample'.padEnd(26, 'a'),
  ledger: identity,
  created: startTime,
};

/** The keys that the sample's key hands over to. */
export const laterSigners: readonly [Signer, Signer] = [
  signerFrom(fixedBytes('second ledger seed')),
  signerFrom(fixedBytes('third ledger seed')),
];

/** A small ledger with all that a verifier has to follow, and checkpoints of it. */
export type SampleLedger = {
  readonly commits: readonly Uint8Array[];
  /** Checkpoints by the size that they tell of. */
  readonly notes: ReadonlyMap<number, string>;
};

/** Commits of one and of several records, two scopes, and two changes of keys. */
export async function sampleLedger(): Promise<SampleLedger> {
  const store = new MemoryStore();
  const notes = new Map<number, string>();
  const all = [signer, ...laterSigners];
  const signerFor = (key: Uint8Array) => all.find(({ publicKey }) => equalBytes(publicKey, key));
  const ledger = await Ledger.create({ ...partsOf(store), signerFor });
  const note = (by: Signer): void => {
    const { size, tree } = ledger.end;
    notes.set(
      size,
      signCheckpoint(by, { origin: ledgerOrigin(identity.id), size, root: rootOf(tree) }),
    );
  };
  note(signer);
  await ledger.append([genesis]).durable;
  for (let at = 0; at < 3; at++) await ledger.append([stored(`value ${at}`)]).durable;
  note(signer);
  await ledger.append([stored('a'), stored('b', otherScope), stored('c')]).durable;
  for (const next of laterSigners) {
    const batch = ledger.beginRotation(next);
    batch.add(stored('by the next key'));
    batch.add(stored('by the next key, too', otherScope));
    await batch.commit();
    note(next);
    await ledger.append([stored('more')]).durable;
  }
  for (let at = 0; at < 5; at++) await ledger.append([stored('x'.repeat(40 * at))]).durable;
  note(laterSigners[1]);
  ledger.close();
  return { commits: store.commits, notes };
}

/** What an export has besides its commits, where it is not what is made up here. */
type ExportParts = Partial<Pick<ExportSource, 'header' | 'ring' | 'files'>> & {
  readonly notes?: readonly string[];
};

/** The bytes of an export of these commits. */
export async function exportOf(
  commits: readonly Uint8Array[],
  { notes = [], ...parts }: ExportParts = {},
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const source: ExportSource = {
    header: sampleHeader,
    pinned: notes.map((note) => ({ pin: 'the pin', note })),
    store: new MemoryStore(commits),
    ring: async () => [{ name: 'root', bytes: fixedBytes('root') }],
    files: async () => [{ name: 'vine/vine.conf', bytes: fixedBytes('file') }],
    ...parts,
  };
  await exportLedger(source, async (bytes) => void pieces.push(bytes));
  return concat(...pieces);
}
