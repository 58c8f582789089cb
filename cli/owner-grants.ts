import type { DescribedRule } from '../core/manager/grants.ts';
import { durationMs } from '../wire/duration.ts';
import { isIdentifier } from '../wire/identifiers.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { pasteable } from './hint.ts';
import { renderTable } from './render-table.ts';
import { withOwner } from './with-owner.ts';

const units: Readonly<Record<string, (count: string) => string>> = {
  d: (count) => `P${count}D`,
  h: (count) => `PT${count}H`,
  m: (count) => `PT${count}M`,
};

/**
 * How long an approval is remembered, as the wire says it: `30d`, `12h` and `45m` are short for `P30D` and so on.
 * @throws CliError for what is no length of time
 */
export function rememberFor(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,4})([dhm])$/.exec(text) ?? [];
  const duration = units[unit]?.(count) ?? text;
  if ((durationMs(duration) ?? 0) > 0) return duration;
  throw new CliError('usage', `"${text}" is no length of time: use 30d, 12h or 45m`);
}

/** `cambium owner grant CONNECTION --fields …`: fields may be had once more whose time is over. */
export async function grantCommand(
  context: CommandContext,
  connection: string,
  fields: readonly string[],
): Promise<ExitCode> {
  if (!isIdentifier(connection))
    throw new CliError('usage', `"${connection}" is no connection's id`);
  const result = await withOwner(context, (owner) =>
    owner.ask('owner.grant', { connection, fields }),
  );
  context.print(context.json ? JSON.stringify(result) : `granted anew: ${fields.join(', ')}`);
  return 0;
}

/** `cambium owner rules`: approvals that are remembered. */
export async function rulesCommand(context: CommandContext): Promise<ExitCode> {
  const rules = (await withOwner(context, (owner) => owner.ask('owner.rules'))) as DescribedRule[];
  if (context.json) context.print(JSON.stringify(rules));
  else if (rules.length === 0) context.print('nothing is remembered: you are asked each time');
  else {
    const heads = ['rule', 'party', 'may have', 'for', 'by', 'until', 'stands'];
    const rows = rules.map(({ rule, party, field, purpose, target, type, until, stands }) => [
      String(rule),
      party,
      field,
      target === undefined ? purpose : `${purpose}, toward ${target}`,
      type,
      new Date(until).toISOString(),
      stands ? 'yes' : 'no',
    ]);
    const { columns, colour } = context;
    context.print(renderTable(heads, rows, { width: columns, colour }));
    context.progress(`end one with: ${pasteable('owner rules revoke RULE', context.data)}`);
  }
  return 0;
}

/** `cambium owner rules revoke RULE`: from now on the owner is asked again. */
export async function revokeRuleCommand(
  context: CommandContext,
  text: string | undefined,
): Promise<ExitCode> {
  if (text === undefined || !/^\d{1,15}$/.test(text))
    throw new CliError(
      'usage',
      `name a rule by its number: ${pasteable('owner rules', context.data)}`,
    );
  const rule = Number(text);
  const result = await withOwner(context, (owner) => owner.ask('owner.rules.revoke', { rule }));
  context.print(context.json ? JSON.stringify(result) : `rule ${rule} is revoked`);
  return 0;
}
