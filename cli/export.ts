import { sealerFile } from '../core/enclave/sealer.ts';
import type { Pinned } from '../ledger/pinned.ts';
import { type Exported, exportLedger } from '../replay/export.ts';
import { toHex } from '../wire/bytes.ts';
import { type AttachedLedger, withLedger } from './attach.ts';
import { carriedFiles } from './carried-files.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { type DataDir, dataDir, readCard } from './data-dir.ts';
import { makeFile } from './new-file.ts';
import { pinnedCheckpoints } from './own-pin.ts';
import { pacedProgress } from './paced-progress.ts';

/** What `cambium export` is told. */
export type ExportOptions = CommandContext & {
  /** The file to make. */
  readonly file: string;
};

/**
 * `cambium export FILE`: the whole vault but the sealer's secret, as one file that can be verified
 * anywhere. Takes no passphrase, and works beside a running vault.
 */
export async function exportCommand(options: ExportOptions): Promise<ExitCode> {
  const { file, progress, json, print } = options;
  const data = dataDir(options.data);
  const { id } = (await readCard(data)).ledger;
  // Before the ledger is read: it has to hold what was pinned by then.
  const pinned = await pinnedCheckpoints(id);
  const exported = await withLedger(data, progress, (ledger) =>
    makeFile(file, (write) => writeExport(data, ledger, pinned, write, progress)),
  );
  const sealer = sealerFile(id);
  if (json) print(JSON.stringify({ file, ...asJson(exported), sealer }));
  else print(renderExported(file, exported, sealer));
  return 0;
}

function writeExport(
  data: DataDir,
  { card, store, ring }: AttachedLedger,
  pinned: readonly Pinned[],
  write: (bytes: Uint8Array) => Promise<void>,
  progress: (line: string) => void,
): Promise<Exported> {
  const paced = pacedProgress(progress);
  const source = { header: card, pinned, store, ring, files: () => carriedFiles(data) };
  return exportLedger(source, write, ({ records }) => paced(() => `${records} records exported`));
}

function asJson({ head, root, ...counts }: Exported): object {
  return { ...counts, head: toHex(head), root: toHex(root) };
}

function renderExported(file: string, exported: Exported, sealer: string): string {
  const { records, commits, keys, files, bytes, head, root } = exported;
  return [
    `${file}: ${records} records in ${commits} commits, ${keys} wrapped keys, ${files} files; ${bytes} bytes`,
    `  head   ${toHex(head)}`,
    `  root   ${toHex(root)}`,
    `verify it anywhere: cambium verify --export ${file}`,
    `make a vault of it: cambium import ${file} --data FOLDER`,
    'not in it, so that whoever has the file and the passphrase opens nothing:',
    `  the sealer's secret, ${sealer}; carry it another way`,
    'nor what the vault does not own: services/, and critical events that still wait for the vault',
  ].join('\n');
}
