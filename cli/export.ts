import type { Pinned } from '../ledger/pinned.ts';
import { type Exported, exportLedger } from '../replay/export.ts';
import { toHex } from '../wire/bytes.ts';
import { type AttachedLedger, withLedger } from './attach.ts';
import { carriedFiles } from './carried-files.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { type DataDir, dataDir, readCard } from './data-dir.ts';
import { pasteable, quoted } from './hint.ts';
import { makeFile } from './new-file.ts';
import { pacedProgress } from './paced-progress.ts';
import { pinnedOf } from './pins.ts';
import { sealerFilesOf } from './sealer-files.ts';

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
  const card = await readCard(data);
  // Before the ledger is read: it has to hold what was pinned by then.
  const pinned = await pinnedOf(card);
  const exported = await withLedger(data, progress, (ledger) =>
    makeFile(file, (write) => writeExport(data, ledger, pinned, write, progress)),
  );
  const sealer = sealerFilesOf(card.ledger.id, [...exported.keys, ...exported.files]);
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

function asJson({ head, root, keys, files, ...counts }: Exported): object {
  const names = files.map(({ name }) => name);
  return { ...counts, head: toHex(head), root: toHex(root), keys: keys.length, files: names };
}

function renderExported(file: string, exported: Exported, sealer: readonly string[]): string {
  const { records, commits, files, bytes, head, root } = exported;
  return [
    `${file}: ${records} records in ${commits} commits, the wrapped keyring, ${files.length} files; ${bytes} bytes`,
    `  head   ${toHex(head)}`,
    `  root   ${toHex(root)}`,
    `verify it anywhere: ${pasteable(`verify --export ${quoted(file)}`)}`,
    `make a vault of it: ${pasteable(`import ${quoted(file)} --data FOLDER`)}`,
    'not in it, so that whoever has the file and the passphrase opens nothing:',
    "  the sealer's secrets, to be carried another way:",
    ...sealer.map((path) => `    ${path}`),
    '  they are gone with the next erasure (old answers lose their keys every day): then export again',
    'nor what the vault does not own: services/, and critical events that still wait for the vault',
  ].join('\n');
}
