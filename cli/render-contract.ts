import { printable } from '../projections/printable.ts';
import { changeInWords, followWords, leaningWords } from '../wire/contract-change-words.ts';
import type { ContractChange, ContractDiff } from '../wire/contract-diff.ts';
import type { Finding } from '../wire/contract-lint.ts';
import type { ContractInWords } from '../wire/contract-words.ts';
import { counted } from './counted.ts';
import { styled } from './terminal-text.ts';

const labelWidth = 11;

/** A contract as plain text: the same headings in the same order, whatever is in it. */
export function renderContract(words: ContractInWords): string {
  return [
    ...words.about.map(([label, text]) => `${label.padEnd(labelWidth)}${text}`),
    '',
    'What they may have',
    ...words.fields.flatMap(renderTier),
    '',
    'What they may do',
    ...words.permissions.map(({ granted, meaning }) => `  ${granted ? 'yes' : 'no '}  ${meaning}`),
    '',
    'How often they may ask',
    ...words.limits.map((limit) => `  ${limit}`),
  ]
    .map(printable)
    .join('\n');
}

function renderTier({ meaning, fields }: ContractInWords['fields'][number]): string[] {
  const lines = fields.map(
    ({ name, purpose, retention }) => `    ${name}: ${purpose}, ${retention}`,
  );
  return [`  ${meaning}`, ...(lines.length === 0 ? ['    nothing'] : lines)];
}

/** What a linter found, a line each, and how many. */
export function renderFindings(findings: readonly Finding[], colour: boolean): string {
  const lines = findings.map(({ level, where, what }) => {
    const head = styled(level.padEnd(8), level === 'fault' ? 'red' : 'yellow', colour);
    return `${head}${printable(`${where === '' ? 'the contract' : where} ${what}`)}`;
  });
  const faults = findings.filter(({ level }) => level === 'fault').length;
  const advice = findings.length - faults;
  const said = faults > 0 ? `no vault takes it: ${counted(faults, 'fault')}` : 'a vault takes it';
  return [...lines, advice === 0 ? said : `${said}; ${advice} to think about`].join('\n');
}

/** One change, with what was before and what is after; for the caller to make printable. */
export function renderChange(change: ContractChange): string[] {
  const { what, before, after, leaning } = changeInWords(change);
  const favour = leaningWords[leaning];
  return [
    favour === '' ? what : `${what} (${favour})`,
    ...(before === null ? [] : [`  before  ${before}`]),
    ...(after === null ? [] : [`  after   ${after}`]),
  ];
}

/** How two contracts differ: what was before, what is after, and whom it favours. */
export function renderDiff(diff: ContractDiff): string {
  const changes = diff.changes.map(renderChange);
  const count = changes.length === 0 ? 'nothing is changed' : counted(changes.length, 'change');
  return [followWords(diff), count, ...changes.flatMap((lines) => ['', ...lines])]
    .map(printable)
    .join('\n');
}
