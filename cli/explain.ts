import { printable } from '../projections/printable.ts';
import { ReplayError } from '../replay/errors.ts';
import { type Explanation, explain } from '../replay/explain.ts';
import { history } from '../replay/history.ts';
import { renderExplanation } from '../replay/render-explanation.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir } from './data-dir.ts';

/** What `cambium explain` is told. */
export type ExplainCommandOptions = CommandContext & {
  /** Event id, event key, or index of a record that belongs to the event. */
  readonly event: string;
};

/** `cambium explain`: why an event was allowed or refused. 1 when there is no such event, or deciding again differs. */
export async function explainCommand(options: ExplainCommandOptions): Promise<ExitCode> {
  const { data, event, passphrase, progress, json, print, colour } = options;
  const found = await withLedger(dataDir(data), progress, async (ledger) => {
    const keys = await ledger.unlock(await passphrase());
    return explainOrRefuse(history(ledger.store, ledger.card.ledger, keys), event);
  });
  print(json ? JSON.stringify(found) : renderExplanation(found, { colour }));
  return found.decisions.length > 0 && found.decisions.every(({ reproduced }) => reproduced)
    ? 0
    : 1;
}

async function explainOrRefuse(
  records: Parameters<typeof explain>[0],
  event: string,
): Promise<Explanation> {
  const found = await explain(records, event).catch((error: unknown) => {
    if (error instanceof ReplayError) throw new CliError('failed', error.message, error);
    throw error;
  });
  if (found === undefined)
    throw new CliError('failed', `no event ${printable(event)} is in this ledger`);
  return found;
}
