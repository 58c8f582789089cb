import { readdir } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { sealerFile } from '../core/enclave/sealer.ts';
import { createLedgerStream, jetStreamStore } from '../ledger/jetstream-store.ts';
import { createRingBucket, jetStreamRing } from '../ledger/ring-store.ts';
import type { ExportFile } from '../replay/export-file.ts';
import { importLedger } from '../replay/import.ts';
import type { WholeReport } from '../replay/refill.ts';
import { toHex } from '../wire/bytes.ts';
import { addCarriedFile } from './carried-files.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { type DataDir, dataDir, exists, makeWhole, writeCard } from './data-dir.ts';
import { openExportFile } from './export-source.ts';
import { keepFirstCheckpoint, pinnedCheckpoints } from './own-pin.ts';
import { pacedProgress } from './paced-progress.ts';
import { connectLedger, natsBinary, startLedger } from './servers.ts';

/** What `cambium import` is told; the data directory is the one to be made. */
export type ImportOptions = CommandContext & {
  /** The export to read. */
  readonly file: string;
};

const noPin = 'none: neither the export nor this machine has a checkpoint of it';

/** The ledger as it was put there, and whether this machine keeps a checkpoint of it. */
type ImportedVault = { readonly report: WholeReport; readonly pinned: boolean };

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
  const { report, pinned } = await importVault(source, options.data, binary, progress);
  const sealer = sealerFile(source.header.ledger.id);
  const sealed = await exists(sealer);
  const { vault, ledger } = source.header;
  const { records, commits, head, root } = report;
  if (json) {
    const made = { vault, ledger: toHex(ledger.id), data: data.path, records, commits, head, root };
    print(JSON.stringify({ ...made, sealer, sealed, pinned }));
  } else
    print(
      [
        `vault   ${vault}`,
        `ledger  ${toHex(ledger.id)}`,
        `whole   ${records} records in ${commits} commits`,
        `head    ${head}`,
        `root    ${root}`,
        `data    ${data.path}`,
        `sealer  ${sealer} ${sealed ? '(it is there)' : '(not there: bring it from the old machine)'}`,
        `pin     ${pinned ? 'its last checkpoint is kept on this machine' : noPin}`,
        '',
        'run it only when the old copy runs no more: of two that run, each makes the other a fork',
        `run it: cambium run --data ${options.data}`,
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
    const server = await startLedger(data, binary);
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
  const target = {
    store: await jetStreamStore(admin, vault),
    addKey: (name: string, bytes: Uint8Array) => ring.add(name, bytes),
    addFile: (name: string, bytes: Uint8Array) => addCarriedFile(data, name, bytes),
  };
  const paced = pacedProgress(progress);
  const pinned = await pinnedCheckpoints(ledger.id);
  const { report, checkpoint } = await importLedger(source, target, pinned, ({ records }) =>
    paced(() => `${records} records imported`),
  );
  if (pinned.length === 0 && checkpoint !== undefined)
    await keepFirstCheckpoint(ledger.id, checkpoint);
  return { report, pinned: pinned.length > 0 || checkpoint !== undefined };
}

/** Checked before anything is done; `makeWhole` checks it once more. */
async function expectEmpty(path: string): Promise<void> {
  const found = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CliError('usage', `${path} cannot become a data directory: ${error.message}`);
  });
  if (found.length > 0) throw new CliError('usage', `${path} exists and is not empty`);
}
