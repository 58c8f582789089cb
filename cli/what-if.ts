import type { LedgerRecord } from '../ledger/bodies.ts';
import { ReplayError } from '../replay/errors.ts';
import { history } from '../replay/history.ts';
import { renderWhatIf } from '../replay/render-what-if.ts';
import { type WhatIfOptions, whatIf, whatIfGranted } from '../replay/what-if.ts';
import type { WhatIfReport } from '../replay/what-if-report.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { readContractFile } from './contract-file.ts';
import { dataDir } from './data-dir.ts';
import { readGrantFile } from './owner-agents.ts';

/** What `cambium what-if` is told. */
export type WhatIfCommandOptions = WhatIfOptions & {
  /** File of the other contract, or of the other grant of an agent. */
  readonly contract?: string;
  readonly grant?: string;
};

/** `cambium what-if --contract NEW.json`, or `--grant`: what other terms would have changed in the history. */
export async function whatIfCommand(
  { data, progress, passphrase, json, print }: CommandContext,
  options: WhatIfCommandOptions,
): Promise<ExitCode> {
  const judge = await judgeOf(options);
  const report = await withLedger(dataDir(data), progress, async (ledger) => {
    const keys = await ledger.unlock(await passphrase());
    return judge(history(ledger.store, ledger.card.ledger, keys));
  }).catch((error: unknown) => {
    if (error instanceof ReplayError) throw new CliError('failed', error.message, error);
    throw error;
  });
  print(json ? JSON.stringify(report) : renderWhatIf(report));
  return 0;
}

/** How the history is judged; the files are read before the ledger is opened. */
async function judgeOf(
  options: WhatIfCommandOptions,
): Promise<(records: AsyncIterable<LedgerRecord>) => Promise<WhatIfReport>> {
  const { contract: file, grant: grantFile, connection } = options;
  if ((file === undefined) === (grantFile === undefined))
    throw new CliError('usage', 'name a --contract, or the --grant of an agent');
  if (file !== undefined) {
    const contract = await readContractFile(file);
    return (records) => whatIf(records, contract, options);
  }
  if (connection === undefined) throw new CliError('usage', 'a --grant is for one --connection');
  const grant = await readGrantFile(grantFile ?? '');
  return (records) => whatIfGranted(records, grant, connection);
}
