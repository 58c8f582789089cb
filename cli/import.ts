import { readdir } from 'node:fs/promises';
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
import { pacedProgress } from './paced-progress.ts';
import { connectLedger, natsBinary, startLedger } from './servers.ts';

/** What `cambium import` is told; the data directory is the one to be made. */
export type ImportOptions = CommandContext & {
  /** The export to read. */
  readonly file: string;
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
  const report = await importVault(source, options.data, await natsBinary(progress), progress);
  const sealer = sealerFile(source.header.ledger.id);
  const sealed = await exists(sealer);
  const { vault, ledger } = source.header;
  const { records, commits, head, root } = report;
  if (json) {
    const made = { vault, ledger: toHex(ledger.id), data: data.path, records, commits, head, root };
    print(JSON.stringify({ ...made, sealer, sealed }));
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
): Promise<WholeReport> {
  return makeWhole(path, async (folder) => {
    const data = dataDir(folder);
    const server = await startLedger(data, binary);
    try {
      const admin = await connectLedger(server.url, server.seeds.admin);
      const report = await fill(source, data, admin, progress);
      await admin.close();
      await writeCard(data, source.header);
      return report;
    } finally {
      await server.stop();
    }
  });
}

async function fill(
  source: ExportFile,
  data: DataDir,
  admin: Awaited<ReturnType<typeof connectLedger>>,
  progress: (line: string) => void,
): Promise<WholeReport> {
  const { vault } = source.header;
  await createLedgerStream(admin, vault);
  await createRingBucket(admin, vault);
  const ring = await jetStreamRing(admin, vault);
  const paced = pacedProgress(progress);
  const target = {
    store: await jetStreamStore(admin, vault),
    addKey: (name: string, bytes: Uint8Array) => ring.add(name, bytes),
    addFile: (name: string, bytes: Uint8Array) => addCarriedFile(data, name, bytes),
  };
  return importLedger(source, target, ({ records }) => paced(() => `${records} records imported`));
}

/** Checked before anything is done; `makeWhole` checks it once more. */
async function expectEmpty(path: string): Promise<void> {
  const found = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CliError('usage', `${path} cannot become a data directory: ${error.message}`);
  });
  if (found.length > 0) throw new CliError('usage', `${path} exists and is not empty`);
}
