import type { LedgerRecord } from '../ledger/bodies.ts';
import { printable } from '../projections/printable.ts';
import { checkDecisions, type DecisionsReport } from '../replay/check-decisions.ts';
import { checkDigests, type DigestsReport } from '../replay/check-digests.ts';
import { describeState, type StateSummary } from '../replay/describe-state.ts';
import { ReplayError } from '../replay/errors.ts';
import { history } from '../replay/history.ts';
import { renderDifference } from '../replay/render-explanation.ts';
import { type Moment, stateAt } from '../replay/time-travel.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { counted } from './counted.ts';
import { dataDir } from './data-dir.ts';
import { pacedProgress } from './paced-progress.ts';

/** What `cambium replay` is told. */
export type ReplayCommandOptions = CommandContext & {
  /** A record index or an ISO 8601 time; the end by default. */
  readonly at?: string;
  /** Decides again on every recorded event. */
  readonly check: boolean;
};

type Result = StateSummary & {
  readonly check?: DecisionsReport;
  readonly digests?: DigestsReport;
};

const differencesShown = 20;

/** `cambium replay`: the state at any point, and whether every decision can be made again. */
export async function replayCommand(options: ReplayCommandOptions): Promise<ExitCode> {
  const at = options.at === undefined ? 'end' : momentOf(options.at);
  const { data, progress, passphrase, json, print } = options;
  const result = await withLedger(dataDir(data), progress, async (ledger): Promise<Result> => {
    const keys = await ledger.unlock(await passphrase());
    const records = history(ledger.store, ledger.card.ledger, keys);
    return replay(records, at, options);
  });
  print(json ? JSON.stringify(result) : renderResult(result));
  return isReproduced(result) ? 0 : 1;
}

async function replay(
  records: AsyncIterable<LedgerRecord>,
  at: Moment,
  { check, progress }: ReplayCommandOptions,
): Promise<Result> {
  const past = await stateAt(records, at).catch((error: unknown) => {
    if (error instanceof ReplayError) throw new CliError('failed', error.message, error);
    throw error;
  });
  const summary = describeState(past.state);
  if (!check) return summary;
  const paced = pacedProgress(progress);
  const report = await checkDecisions(records, (count) => paced(() => `${count} records replayed`));
  return { ...summary, check: report, digests: await checkDigests(records) };
}

/**
 * The moment in an option such as `--at`: an index, or a time, in UTC where it names no zone.
 * @throws CliError when it is neither
 */
export function momentOf(
  text: string,
  option: string = '--at',
): { readonly index: number } | { readonly time: number } {
  if (/^\d{1,15}$/.test(text)) return { index: Number(text) };
  const parts = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(
    text,
  );
  const [, day, clock = 'T00:00', zone = 'Z'] = parts ?? [];
  const time = Date.parse(`${day}${clock}${zone}`);
  if (Number.isNaN(time))
    throw new CliError(
      'usage',
      `${option} takes a record index, or a time such as 2026-01-31T12:00:00Z`,
    );
  return { time };
}

function isReproduced({ check, digests }: Result): boolean {
  const decisions = check === undefined || check.differences.length + check.undecided.length === 0;
  return decisions && (digests === undefined || digests.differences.length === 0);
}

function renderResult({ check, digests, ...state }: Result): string {
  const lines = [
    `vault ${state.vault} after ${counted(state.size, 'record')}, ${new Date(state.time).toISOString()}`,
    `  fields       ${state.fields.join(', ') || 'none'}`,
    `  waiting      ${counted(state.requests.length, 'request')}, ${counted(state.outbox, 'message')}`,
    `  remembered   ${counted(state.seen, 'event id')}, ${counted(state.once, 'key')} used up`,
    '',
    'connections',
    ...state.connections.map(renderConnection),
    ...state.requests.map(
      ({ record, type, status, fields }) =>
        `  record ${record} is ${status}: ${type ?? ''} ${fields.join(', ')}`,
    ),
    '',
    `state digest ${state.digest.total}`,
    ...(check === undefined ? [] : renderCheck(check)),
    ...(digests === undefined ? [] : renderDigests(digests)),
  ];
  return lines.map(printable).join('\n');
}

function renderConnection(connection: StateSummary['connections'][number]): string {
  const { name, status, contract, tokens, id } = connection;
  const terms = contract === null ? '' : `, ${contract.id} version ${contract.version}`;
  const left = tokens === null ? '' : `, ${Math.floor(tokens)} tokens`;
  return `  ${id}  ${name}: ${status}${terms}${left}`;
}

function renderDigests({ checkpoints, differences, erased }: DigestsReport): string[] {
  const found = new Set(differences.map(({ record }) => record));
  const since = erased === 0 ? '' : `, but for ${erased} scopes that were erased since`;
  return [
    `${checkpoints} checkpoints: the state at ${checkpoints - found.size} is the recorded one${since}`,
    ...[...found].map((record) => `  record ${record}: another state`),
  ];
}

function renderCheck(check: DecisionsReport): string[] {
  const { first, again, results, reproduced, differences, undecided } = check;
  const hidden = differences.length - differencesShown;
  return [
    '',
    `${first + again + results} decisions made again (${first} on arrival, ${again} after consent, ${results} on results): ${reproduced} are the same, bit for bit`,
    ...differences
      .slice(0, differencesShown)
      .map((found) => `  record ${found.record}, ${found.round}: ${renderDifference(found)}`),
    ...(hidden > 0 ? [`  and ${hidden} more; --json has them all`] : []),
    ...(check.erased === 0
      ? []
      : [`  ${check.erased} looked at what was erased since, and cannot be made again`]),
    ...undecided.map((index) => `  record ${index}: nothing was decided about it`),
  ];
}
