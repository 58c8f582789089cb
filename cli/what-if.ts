import { ReplayError } from '../replay/errors.ts';
import { history } from '../replay/history.ts';
import { renderWhatIf } from '../replay/render-what-if.ts';
import { type WhatIfOptions, whatIf } from '../replay/what-if.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { readContractFile } from './contract-file.ts';
import { dataDir } from './data-dir.ts';

/** What `cambium what-if` is told. */
export type WhatIfCommandOptions = WhatIfOptions & {
  /** File of the other contract. */
  readonly contract: string;
};

/** `cambium what-if --contract NEW.json`: what other terms would have changed in the history. */
export async function whatIfCommand(
  { data, progress, passphrase, json, print }: CommandContext,
  options: WhatIfCommandOptions,
): Promise<ExitCode> {
  const contract = await readContractFile(options.contract);
  const report = await withLedger(dataDir(data), progress, async (ledger) => {
    const keys = await ledger.unlock(await passphrase());
    return whatIf(history(ledger.store, ledger.card.ledger, keys), contract, options);
  }).catch((error: unknown) => {
    if (error instanceof ReplayError) throw new CliError('failed', error.message, error);
    throw error;
  });
  print(json ? JSON.stringify(report) : renderWhatIf(report));
  return 0;
}
