import { printable } from '../projections/printable.ts';
import { grantInWords } from '../wire/agent-words.ts';
import type { Contract } from '../wire/contract.ts';

const labelWidth = 9;

/** What an agent may do, as plain text: the same headings in the same order. Empty where there is no grant. */
export function renderGrant(contract: Contract): string {
  const words = grantInWords(contract);
  if (words === undefined) return '';
  return [
    ...words.about.map(([label, text]) => line(label, text)),
    '',
    'What it may do',
    ...words.scopes.flatMap(({ name, what, approval, targets, rate }) => [
      `  ${name}`,
      `    ${line('what', what)}`,
      `    ${line('approval', approval)}`,
      `    ${line('toward', targets)}`,
      `    ${line('rate', rate)}`,
    ]),
  ]
    .map(printable)
    .join('\n');
}

function line(label: string, text: string): string {
  return `${label.padEnd(labelWidth)}${text}`;
}
