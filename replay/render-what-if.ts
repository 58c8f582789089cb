import { printable } from '../projections/printable.ts';
import type { Flip, WhatIfReport } from './what-if-report.ts';

/** What other terms would have changed, as plain text. */
export function renderWhatIf(report: WhatIfReport): string {
  const { contract, judged, same, otherReason, before, after, flips } = report;
  const flipped = flips.reduce((sum, { count }) => sum + count, 0);
  return [
    `under ${contract.id} version ${contract.version} (${contract.hash})`,
    ...report.connections.flatMap(renderConnection),
    '',
    `${judged} decisions judged again: ${same} are the same, ${flipped} would be others, ${otherReason} refused for another reason`,
    ...(['allowed', 'pending', 'denied'] as const).map(
      (outcome) =>
        `  ${outcome.padEnd(8)}  ${before[outcome]} then, ${after[outcome]} under these terms`,
    ),
    ...flips.flatMap(renderFlip),
    ...remarks(report),
  ]
    .map(printable)
    .join('\n');
}

function renderConnection({
  id,
  name,
  contract,
  missing,
}: WhatIfReport['connections'][number]): string[] {
  const had = contract === null ? 'no contract' : `${contract.id} version ${contract.version}`;
  return [
    `  ${id}  ${name}, which had ${had}`,
    ...(missing.length === 0
      ? []
      : [`    it could not have been accepted: the vault had no ${missing.join(', ')}`]),
  ];
}

function renderFlip({ from, to, check, reason, count, examples }: Flip): string[] {
  const why = reason === null ? '' : ` (${reason})`;
  const more = count - examples.length;
  return [
    '',
    `${from} → ${to}: ${count}, by the check ${check}${why}`,
    ...examples.map(({ record, time, type, fields }) =>
      `  record ${record}  ${new Date(time).toISOString()}  ${type ?? ''} ${fields.join(', ')}`.trimEnd(),
    ),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function remarks({ unreproduced, erased }: WhatIfReport): string[] {
  const lines = [
    ...(unreproduced === 0
      ? []
      : [`${unreproduced} were decided by other rules than today's: nothing is said about them`]),
    ...(erased === 0 ? [] : [`${erased} records are erased, and could not be judged`]),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}
