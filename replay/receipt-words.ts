import { printable } from '../projections/printable.ts';
import { fromBase64url, toHex } from '../wire/bytes.ts';
import type { EventSummary, RecordSummary } from './receipt-summary.ts';
import type { ConnectionSummary } from './scope-run.ts';
import type { GoodReceipt } from './verify-receipt.ts';

/** What a good receipt proves, and what it does not, each in a sentence. */
export type Claims = { readonly proves: readonly string[]; readonly leaves: readonly string[] };

/** The limits of a receipt are as much part of it as what it proves. */
export function claimsOf(receipt: GoodReceipt): Claims {
  const { summary } = receipt;
  const own =
    summary.about === 'event'
      ? eventClaims(receipt, summary)
      : summary.about === 'connection'
        ? connectionClaims(summary)
        : recordClaims(summary);
  const [proves, leaves] = [[placed(receipt), ...own.proves], [...own.leaves]];
  const { known, id } = receipt.ledger;
  if (known) proves.push(`Ledger ${id} is the one of your key.`);
  else leaves.unshift(`Whose ledger ${id} is: compare its key with one that you have, by --key.`);
  for (const { record, statement } of receipt.matched)
    proves.push(`Your statement (${statement.status}) is the vault’s, about record ${record}.`);
  const { witnesses, unknown } = receipt.checkpoint;
  for (const { name, timeSeconds } of witnesses)
    proves.push(`${name} saw this checkpoint at ${isoTime(timeSeconds * 1000)}.`);
  if (unknown.length > 0)
    leaves.push(
      `Anything by ${unknown.join(', ')}, who signed the checkpoint with keys unknown here.`,
    );
  if (witnesses.length === 0)
    leaves.push(
      'That the vault shows everyone the same ledger: no witness was asked for (--witness).',
    );
  return { proves, leaves };
}

/** A good receipt for a terminal. Everything that others chose is escaped. */
export function renderReceipt(receipt: GoodReceipt): string {
  const { proves, leaves } = claimsOf(receipt);
  const lines = [
    ...heading(receipt),
    '',
    'This proves:',
    ...proves.map((line) => `  - ${line}`),
    '',
    'It does not prove:',
    ...leaves.map((line) => `  - ${line}`),
  ];
  return lines.map(printable).join('\n');
}

function placed({ records, checkpoint, ledger }: GoodReceipt): string {
  const { size } = checkpoint;
  const which = records.length > 8 ? `${records.length} records` : listed(records);
  const keys =
    ledger.rotations === 0
      ? 'that its key signed'
      : `that a key signed which follows from its first by ${ledger.rotations} signed changes`;
  return `Ledger ${ledger.id} holds ${which}, unaltered, under a checkpoint of ${size} records ${keys}.`;
}

function eventClaims({ records, statements }: GoodReceipt, summary: EventSummary): Claims {
  const after = 'That nothing followed: later records about this event may exist.';
  const values = 'What values were sent: records hold names of fields only.';
  if (summary.basis === 'records')
    return {
      proves: [
        'All of them were opened with their own keys, and say what is shown here.',
        ...(statements.length === 0
          ? []
          : ['What the vault signed about the event agrees with them.']),
      ],
      leaves: [after, values],
    };
  return {
    proves: ['The vault has signed this outcome, as what one of them says.'],
    leaves: [
      'What the records themselves say: they are closed, and the outcome is the vault’s word.',
      ...strays(records, statements),
      after,
      values,
    ],
  };
}

/** Closed records that nothing but the receipt itself puts beside the event. */
function strays(
  records: GoodReceipt['records'],
  statements: GoodReceipt['statements'],
): readonly string[] {
  const named = new Set(statements.map(({ leaf }) => toHex(fromBase64url(leaf))));
  const others = records.filter(({ leaf }) => !named.has(leaf)).map(({ index }) => index);
  return others.length === 0
    ? []
    : [`That ${others.join(', ')} are about this event: only the receipt says so.`];
}

function connectionClaims(summary: ConnectionSummary): Claims {
  const { connection, first, last, count, opened } = summary;
  const start =
    first.scope_index === 0
      ? 'Nothing of this connection stands before them: they are complete from its start.'
      : `${first.scope_index} records of this connection stand before them.`;
  const closed = count - opened;
  return {
    proves: [
      `They are all ${count} records of connection ${connection} from record ${first.record} to record ${last.record}; none is left out.`,
      start,
    ],
    leaves: [
      `What followed after record ${last.record}, if anything.`,
      ...(closed === 0 ? [] : [`What the ${closed} closed records among them say.`]),
      'What is not recorded with the connection: answers as they were sent, and repeats that were only counted.',
    ],
  };
}

function recordClaims({ basis }: RecordSummary): Claims {
  return basis === 'records'
    ? { proves: ['It was opened with its own key, and says what is shown here.'], leaves: [] }
    : { proves: [], leaves: ['What it says: it is closed, and shows its kind, time and scope.'] };
}

function heading({ summary, records }: GoodReceipt): string[] {
  const [record] = records;
  switch (summary.about) {
    case 'event':
      return eventHeading(summary);
    case 'connection': {
      const { first, last } = summary;
      return [
        `good: ${summary.count} records of one connection, none left out`,
        row('connection', summary.connection),
        row('from', `${isoTime(first.time)}, record ${first.record}`),
        row('to', `${isoTime(last.time)}, record ${last.record}`),
      ];
    }
    case 'record':
      return [
        `good: one record of a ledger, ${record?.kind}`,
        row('record', `${record?.index}, ${isoTime(record?.time ?? 0)}`),
        ...(record?.contents === undefined ? [] : [row('says', JSON.stringify(record.contents))]),
      ];
  }
}

function eventHeading(summary: EventSummary): string[] {
  const { type, event, connection, outcome, code, reason, contract, asked, provided } = summary;
  const why = code === null ? '' : ` (${code})`;
  const rows: readonly (readonly [string, string | null])[] = [
    ['event', event === '' ? null : event],
    ['connection', connection],
    ['contract', contract === null ? null : contractText(contract)],
    ['asked for', asked === null ? null : asked.join(', ')],
    ['given', provided === null ? null : provided.join(', ') || 'nothing'],
    ['the owner', summary.consent === null ? null : `${summary.consent} it`],
    ['reason', reason === null || reason === code ? null : reason],
    ['received', summary.received === null ? null : isoTime(summary.received)],
    ['decided', summary.decided === null ? null : isoTime(summary.decided)],
    ['records', summary.steps.map(({ record, kind }) => `${record} ${kind}`).join(', ')],
  ];
  return [
    `good: ${type ?? 'an event that could not be read'}: ${outcome}${why}`,
    ...rows.flatMap(([name, text]) => (text === null ? [] : [row(name, text)])),
  ];
}

function contractText({ id, version, hash }: NonNullable<EventSummary['contract']>): string {
  const name = id === null ? [] : [`${id} version ${version}`];
  return [...name, ...(hash === null ? [] : [hash])].join(', ');
}

function listed(records: GoodReceipt['records']): string {
  const names = records.map(({ index, kind }) => `${index} (${kind})`);
  return `${names.length === 1 ? 'record' : 'records'} ${names.join(', ')}`;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(12)}${text}`;
}

/** ISO 8601 in UTC; a number that is no date stays one. */
function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
