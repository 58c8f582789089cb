import { printable } from '../projections/printable.ts';
import { renderWhatIf } from '../replay/render-what-if.ts';
import type { WhatIfReport } from '../replay/what-if-report.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import type { ContractChange } from '../wire/contract-diff.ts';
import { contractInWords } from '../wire/contract-words.ts';
import { counted } from './counted.ts';
import { pasteable } from './hint.ts';
import { renderChange, renderContract } from './render-contract.ts';

/** A new version of a contract that waits for the owner, as the vault describes it. */
export type OfferedVersion = {
  readonly connection: string;
  readonly name: string;
  /** Unix milliseconds. */
  readonly offered: number;
  readonly before: { readonly id: string; readonly version: number; readonly hash: string };
  readonly after: { readonly id: string; readonly version: number; readonly hash: string };
  readonly title: string;
  readonly missing: readonly string[];
  readonly changes: { readonly more: number; readonly less: number; readonly other: number };
  /** New versions that it may publish at once. */
  readonly updates_left: number | null;
};

/** Everything that an owner should see before they decide about a new version. */
export type OfferReport = {
  readonly update: OfferedVersion;
  readonly contract: Contract;
  /** Optional fields that were given under the version in force. */
  readonly optional: readonly string[];
  readonly changes: readonly ContractChange[];
  readonly impact: WhatIfReport;
};

/** A new version in short, and the commands that tell more and that answer it. */
export function renderOffer(update: OfferedVersion, data: string): string {
  const { connection, name, before, after, changes, missing } = update;
  const said = [
    `${changes.more} to their favour`,
    `${changes.less} to yours`,
    `${changes.other} other`,
  ].join(', ');
  return [
    `${printable(name)} has new terms: version ${after.version} of ${after.id} in place of ${before.version}`,
    `  since   ${new Date(update.offered).toISOString()}; until you decide they get nothing`,
    `  changes ${said}`,
    `  read    ${pasteable(`owner terms ${connection}`, data)}`,
    ...renderMissing(missing, data),
    ...renderSlowed(update),
    `  answer  ${pasteable(`owner approve ${connection}`, data)}`,
    `          ${pasteable(`owner deny ${connection}`, data)}  (this ends the connection)`,
  ].join('\n');
}

/** Required fields that are missing, and how to add them; nothing where all are there. */
export function renderMissing(missing: readonly string[], data: string): string[] {
  if (missing.length === 0) return [];
  return [
    `  missing ${missing.join(', ')}`,
    `          add them with: ${pasteable('owner set FIELD VALUE', data)}`,
  ];
}

/** A whole new version: its words, what it changes, what it would have changed so far. */
export function renderOfferReport(report: OfferReport, data: string): string {
  const { update, contract, changes, impact } = report;
  return [
    renderContract(contractInWords(contract, contractHash(contract))),
    '',
    `What is different from version ${update.before.version}: ${counted(changes.length, 'change')}`,
    ...changes.flatMap((change) => ['', ...renderChange(change)]).map(printable),
    '',
    'What these terms would have changed so far',
    renderWhatIf(impact),
    '',
    renderOffer(update, data),
  ].join('\n');
}

function renderSlowed({ updates_left: left }: OfferedVersion): string[] {
  return left !== null && left < 1
    ? ['  slowed  they publish new versions so often that the vault takes no more for now']
    : [];
}
