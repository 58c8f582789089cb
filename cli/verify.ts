import { fileSealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import { Keyring } from '../ledger/keyring.ts';
import { fixedRing } from '../ledger/ring-copy.ts';
import { printable } from '../projections/printable.ts';
import { exportRing } from '../replay/export-ring.ts';
import { type VerifyOptions, type VerifyReport, verifyLedger } from '../replay/verify.ts';
import { verifyExport } from '../replay/verify-export.ts';
import { type AttachedLedger, withLedger } from './attach.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { counted } from './counted.ts';
import { dataDir } from './data-dir.ts';
import { openExportFile } from './export-source.ts';
import { pacedProgress } from './paced-progress.ts';

/** What `cambium verify` is told. */
export type VerifyCommandOptions = CommandContext & {
  /** Opens every body as well, which takes the passphrase. */
  readonly open: boolean;
  /** An export to verify, instead of a data directory. Needs no server. */
  readonly export?: string;
};

/** `cambium verify`: the whole chain, or the first bad record. */
export async function verifyCommand(options: VerifyCommandOptions): Promise<ExitCode> {
  const { data, progress, json, print, colour } = options;
  const report =
    options.export === undefined
      ? await withLedger(dataDir(data), progress, (ledger) => verify(ledger, options))
      : await verifyFile(options.export, options);
  print(json ? JSON.stringify(report) : renderReport(report, colour));
  return report.ok ? 0 : 1;
}

async function verify(
  ledger: AttachedLedger,
  { open, passphrase, progress }: VerifyCommandOptions,
): Promise<VerifyReport> {
  const keys = open ? { keys: await ledger.unlock(await passphrase()) } : {};
  const options = { ...keys, pinned: ledger.pinned, ...telling(progress) };
  return verifyLedger(ledger.store, ledger.card.ledger, options);
}

async function verifyFile(
  path: string,
  { open, passphrase, progress }: VerifyCommandOptions,
): Promise<VerifyReport> {
  const file = await openExportFile(path);
  if (!open) return verifyExport(file, telling(progress));
  const { id } = file.header.ledger;
  const roots = rootsFrom(await passphrase(), fileSealer(), id);
  const ring = await Keyring.unlock(fixedRing(await exportRing(file)), id, roots);
  try {
    const keys = (scope: string) => ring.scopeKey(scope);
    return await verifyExport(file, { keys, ...telling(progress) });
  } finally {
    ring.close();
    roots.close();
  }
}

function telling(progress: (line: string) => void): Pick<VerifyOptions, 'onProgress'> {
  const paced = pacedProgress(progress);
  return { onProgress: ({ records }) => paced(() => `${counted(records, 'record')} verified`) };
}

function renderReport(report: VerifyReport, colour: boolean): string {
  const paint = (text: string, code: number): string =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  if (report.ok)
    return [
      paint(`whole: ${sizeOf(report)}`, 32),
      `  from   ${new Date(report.firstTime).toISOString()}`,
      `  to     ${new Date(report.lastTime).toISOString()}`,
      `  head   ${report.head}`,
      `  root   ${report.root}`,
      `  key    ${report.key}`,
      report.opened
        ? '  every record opens under the key that it commits to, and no scope misses one'
        : '  signatures and chain; with --open every record is opened too',
      report.pins.length === 0
        ? '  a tail that is missing as a whole cannot be seen without a pinned checkpoint'
        : `  nothing is missing that was pinned: held against ${report.pins.join(', ')}`,
    ].join('\n');
  const { code, index, sequence, message, verified } = report;
  return [
    paint(`NOT WHOLE, ${report.class}: record ${index}, in commit ${sequence}`, 31),
    `  ${printable(message)} (${code})`,
    `  whole before it: ${sizeOf(verified)}`,
  ].join('\n');
}

function sizeOf({ records, commits }: { records: number; commits: number }): string {
  return `${counted(records, 'record')} in ${counted(commits, 'commit')}`;
}
