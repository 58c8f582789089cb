import type { Check, CheckName, Decision } from '../ledger/decision.ts';
import { printable } from '../projections/printable.ts';
import type { Difference } from './decide-again.ts';
import type { ExplainedDecision, Explanation } from './explain.ts';

/** What each check asks, in plain words. */
const questions: Readonly<Record<CheckName, string>> = {
  envelope: 'Does the envelope open, and fit its subject?',
  sender: 'Are sender, signer and party one?',
  freshness: 'Is it fresh, and new?',
  connection: 'Is the connection in use?',
  event_type: 'Does this vault know the event type?',
  payload: 'Does the payload fit its schema?',
  contract: 'Is it under the contract in force?',
  permission: 'Does the contract permit this?',
  fields: 'Are all fields declared, for this purpose?',
  optional: 'Were the optional fields given?',
  retention: 'Is their retention still running?',
  rate: 'Is it within the rate limit?',
  tier: 'Can it go without asking the owner?',
};
const answers = { pass: 'yes', fail: 'NO', hold: 'ask', skip: '-' } as const;
const colours = { pass: 32, fail: 31, hold: 33, skip: 2 } as const;
/** Inputs that are points in time. */
const timeInputs: ReadonlySet<string> = new Set(['now', 'sent', 'expires', 'cooling_until']);

type Paint = (text: string, colour: number) => string;

/** An explanation for a terminal. Everything that others chose is escaped. */
export function renderExplanation(
  explanation: Explanation,
  { colour }: { readonly colour: boolean },
): string {
  const paint: Paint = (text, code) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [first] = explanation.decisions;
  const lines = [
    ...heading(explanation, paint),
    '',
    ...(first === undefined ? ['Nothing was decided about it.'] : firstDecision(first, paint)),
    ...explanation.decisions.slice(1).flatMap((later) => laterDecision(later, paint)),
    ...what(explanation),
  ];
  return lines.join('\n');
}

function heading(explanation: Explanation, paint: Paint): string[] {
  const { connection, contract, type, id, subject, record, time, sent, others } = explanation;
  const who = connection === null ? 'nobody we know' : connection.name;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['event', id === '' ? undefined : id],
    ['received', `${isoTime(time)}, record ${record}, ${explanation.bytes} bytes`],
    ['sent', sent === null ? undefined : isoTime(sent)],
    ['subject', subject],
    [
      'connection',
      connection === null
        ? undefined
        : `${connection.id} (${connection.kind}, ${connection.status})`,
    ],
    [
      'contract',
      contract === null
        ? undefined
        : `${contract.id} version ${contract.version}: ${contract.title}`,
    ],
    ['leaf', explanation.leaf],
    ['same id', others.length === 0 ? undefined : `records ${others.join(', ')}`],
  ];
  return [
    paint(printable(`${type ?? 'An envelope that did not open'} from ${who}`), 1),
    ...rows.flatMap(([name, text]) => (text === undefined ? [] : [row(name, text)])),
  ];
}

function firstDecision(decision: ExplainedDecision, paint: Paint): string[] {
  const { recorded } = decision;
  return [
    paint(verdict(recorded), colourOf(recorded)),
    '',
    'The checks, in their order:',
    ...recorded.checks.flatMap((check, at) => renderCheck(check, at + 1, paint)),
    ...facts(recorded),
    '',
    ...reproduction(decision, paint),
  ];
}

function laterDecision(decision: ExplainedDecision, paint: Paint): string[] {
  const { record, recorded } = decision;
  return [
    '',
    paint(
      `Decided again when the owner had approved (record ${record}): ${verdict(recorded)}`,
      colourOf(recorded),
    ),
    ...reproduction(decision, paint),
  ];
}

function verdict({ outcome, reason, detail, handler }: Decision): string {
  switch (outcome) {
    case 'allowed':
      return printable(handler === undefined ? 'Allowed.' : `Allowed; ${handler} handles it.`);
    case 'pending':
      return 'Held: the owner is asked first.';
    case 'denied':
      return printable(`Refused: ${reason ?? ''}${detail === undefined ? '' : ` (${detail})`}.`);
  }
}

function renderCheck(check: Check, number: number, paint: Paint): string[] {
  const question = questions[check.check] ?? printable(check.check);
  const answer = answers[check.result] ?? printable(check.result);
  const why = [check.reason, check.detail].filter((part) => part !== undefined).join(': ');
  const line = `${String(number).padStart(4)}  ${answer.padEnd(4)} ${question.padEnd(44)} ${printable(why)}`;
  const inputs = Object.entries(check.inputs).map(
    ([name, value]) => `${name} ${shown(name, value)}`,
  );
  const looked =
    inputs.length === 0 ? [] : [paint(`           ${printable(inputs.join(' · '))}`, 2)];
  return [paint(line.trimEnd(), colours[check.result] ?? 0), ...looked];
}

function facts({ facts: { bucket, deadline, once } }: Decision): string[] {
  return [
    ...(bucket === undefined ? [] : [row('tokens left', tokensText(bucket.tokens))]),
    ...(deadline === undefined ? [] : [row('waits until', isoTime(deadline))]),
    ...(once === undefined ? [] : [row('only once', once)]),
  ];
}

function reproduction({ reproduced, differences }: ExplainedDecision, paint: Paint): string[] {
  if (reproduced) return [paint('Deciding again gives the same decision, bit for bit.', 32)];
  return [
    paint('Deciding again gives ANOTHER decision:', 31),
    ...differences.map((difference) => `  ${renderDifference(difference)}`),
  ];
}

/** One line of what differs, escaped. */
export function renderDifference({ where, recorded, now }: Difference): string {
  return printable(`${where}: recorded ${JSON.stringify(recorded)}, now ${JSON.stringify(now)}`);
}

function what({ followed }: Explanation): string[] {
  if (followed.length === 0) return ['', 'Nothing has followed from it yet.'];
  return [
    '',
    'What followed:',
    ...followed.map(
      ({ record, time, text }) =>
        `  ${isoTime(time)}  record ${String(record).padEnd(6)} ${printable(text)}`,
    ),
  ];
}

function colourOf({ outcome }: Decision): number {
  return outcome === 'allowed' ? 32 : outcome === 'denied' ? 31 : 33;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(12)}${printable(text)}`;
}

function shown(name: string, value: unknown): string {
  if (timeInputs.has(name) && typeof value === 'number') return isoTime(value);
  if (name === 'tokens' && typeof value === 'number') return tokensText(value);
  return JSON.stringify(value);
}

/** Tokens for a person: a bucket gains some with every millisecond, and nobody reads that far. */
function tokensText(tokens: number): string {
  return String(Number(tokens.toFixed(2)));
}

/** ISO 8601 in UTC; a number that is no date stays one. */
function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
