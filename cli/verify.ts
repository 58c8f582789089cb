import { printable } from '../projections/printable.ts';
import type { VerifyReport } from '../replay/verify.ts';
import { verifyLedger } from '../replay/verify.ts';
import { type AttachedLedger, withLedger } from './attach.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { counted } from './counted.ts';
import { dataDir } from './data-dir.ts';
import { pacedProgress } from './paced-progress.ts';
import { pinnedOf } from './pins.ts';

/** What `cambium verify` is told. */
export type VerifyCommandOptions = CommandContext & {
  /** Opens every body as well, which takes the passphrase. */
  readonly open: boolean;
};

/** `cambium verify`: the whole chain, or the first bad record. */
export async function verifyCommand(options: VerifyCommandOptions): Promise<ExitCode> {
  const { data, progress, json, print, colour } = options;
  const report = await withLedger(dataDir(data), progress, (ledger) => verify(ledger, options));
  print(json ? JSON.stringify(report) : renderReport(report, colour));
  return report.ok ? 0 : 1;
}

async function verify(
  ledger: AttachedLedger,
  { open, passphrase, progress }: VerifyCommandOptions,
): Promise<VerifyReport> {
  const keys = open ? { keys: await ledger.unlock(await passphrase()) } : {};
  const paced = pacedProgress(progress);
  return verifyLedger(ledger.store, ledger.card.ledger, {
    ...keys,
    pinned: await pinnedOf(ledger.card),
    onProgress: ({ records }) => paced(() => `${counted(records, 'record')} verified`),
  });
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
