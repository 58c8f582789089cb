import { readdir } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { NamedBytes } from '../ledger/export-format.ts';
import { createLedgerStream, jetStreamStore } from '../ledger/jetstream-store.ts';
import { createRingBucket, jetStreamRing } from '../ledger/ring-store.ts';
import type { ExportFile } from '../replay/export-file.ts';
import { importLedger } from '../replay/import.ts';
import type { WholeReport } from '../replay/refill.ts';
import { toHex } from '../wire/bytes.ts';
import { addCarriedFile } from './carried-files.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { type DataDir, dataDir, exists, makeWhole, type VaultCard, writeCard } from './data-dir.ts';
import { openExportFile } from './export-source.ts';
import { pasteable } from './hint.ts';
import { pacedProgress } from './paced-progress.ts';
import { pinnedOf, pinsOf } from './pins.ts';
import { sealerFilesOf } from './sealer-files.ts';
import { connectLedger, natsBinary, startLedger } from './servers.ts';

/** What `cambium import` is told; the data directory is the one to be made. */
export type ImportOptions = CommandContext & {
  /** The export to read. */
  readonly file: string;
};

const noPin = 'none: neither the export nor this machine has a checkpoint of it';
const notThere = ' (not there: bring it from the old machine)';
const goneThere =
  '        if the old vault has erased something since, the secret is gone there too: only a later export opens';

/** What was imported. */
type ImportedVault = {
  readonly report: WholeReport;
  /** Whether this machine keeps a checkpoint of it. */
  readonly pinned: boolean;
  /** Files of the sealer that it is opened with. */
  readonly sealer: readonly string[];
};

/**
 * `cambium import FILE --data FOLDER`: a new data directory with the vault of an export, verified
 * before and after; there whole or not at all. Takes no passphrase.
 */
export async function importCommand(options: ImportOptions): Promise<ExitCode> {
  const { file, progress, json, print } = options;
  const data = dataDir(options.data);
  await expectEmpty(data.path);
  const source = await openExportFile(file);
  const binary = await natsBinary(progress);
  const { report, pinned, sealer } = await importVault(source, options.data, binary, progress);
  const missing = await missingOf(sealer);
  const { vault, ledger } = source.header;
  const { records, commits, head, root } = report;
  if (json) {
    const made = { vault, ledger: toHex(ledger.id), data: data.path, records, commits, head, root };
    print(JSON.stringify({ ...made, pinned, sealer, missing }));
  } else
    print(
      [
        `vault   ${vault}`,
        `ledger  ${toHex(ledger.id)}`,
        `whole   ${records} records in ${commits} commits`,
        `head    ${head}`,
        `root    ${root}`,
        `data    ${data.path}`,
        ...sealer.map((path) => `sealer  ${path}${missing.includes(path) ? notThere : ''}`),
        ...(missing.length > 0 ? [goneThere] : []),
        `pin     ${pinned ? 'its last checkpoint is kept on this machine' : noPin}`,
        '',
        'run it only when the old copy runs no more: of two that run, each makes the other a fork',
        `run it: ${pasteable('run', options.data)}`,
      ].join('\n'),
    );
  return 0;
}

/** Makes a data directory of an export. */
function importVault(
  source: ExportFile,
  path: string,
  binary: string,
  progress: (line: string) => void,
): Promise<ImportedVault> {
  return makeWhole(path, async (folder) => {
    const data = dataDir(folder);
    const server = await startLedger(data, binary, 'brief');
    try {
      const admin = await connectLedger(server.url, server.seeds.admin);
      const imported = await fill(source, data, admin, progress);
      await admin.close();
      await writeCard(data, source.header);
      return imported;
    } finally {
      await server.stop();
    }
  });
}

async function fill(
  source: ExportFile,
  data: DataDir,
  admin: NatsConnection,
  progress: (line: string) => void,
): Promise<ImportedVault> {
  const { vault, ledger } = source.header;
  await createLedgerStream(admin, vault);
  await createRingBucket(admin, vault);
  const ring = await jetStreamRing(admin, vault);
  const carried: NamedBytes[] = [];
  let last = 0;
  const target = {
    store: await jetStreamStore(admin, vault),
    addKey: async (name: string, bytes: Uint8Array) => {
      carried.push({ name, bytes });
      last = await ring.add({ name, bytes }, last);
    },
    addFile: async (name: string, bytes: Uint8Array) => {
      carried.push({ name, bytes });
      await addCarriedFile(data, name, bytes);
    },
  };
  const paced = pacedProgress(progress);
  const known = await pinnedOf(source.header);
  const { report, checkpoint } = await importLedger(source, target, known, ({ records }) =>
    paced(() => `${records} records imported`),
  );
  const pinned = await keepCheckpoint(source.header, checkpoint);
  return { report, pinned, sealer: sealerFilesOf(ledger.id, carried) };
}

/**
 * Gives the pins of a vault that this machine knew nothing of its last checkpoint. The others stay.
 * @returns whether all of them keep one now
 */
async function keepCheckpoint(card: VaultCard, checkpoint: string | undefined): Promise<boolean> {
  for (const pin of pinsOf(card)) {
    if ((await pin.read()) !== undefined) continue;
    if (checkpoint === undefined) return false;
    await pin.replace(undefined, checkpoint);
  }
  return true;
}

async function missingOf(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(exists));
  return paths.filter((_, at) => !found[at]);
}

/** Checked before anything is done; `makeWhole` checks it once more. */
async function expectEmpty(path: string): Promise<void> {
  const found = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CliError('usage', `${path} cannot become a data directory: ${error.message}`);
  });
  if (found.length > 0) throw new CliError('usage', `${path} exists and is not empty`);
}
