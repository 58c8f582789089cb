import type { ContractField, Tier } from './contract.ts';
import type { ContractChange, ContractDiff, Leaning } from './contract-diff.ts';
import {
  permissionWords,
  purposeWords,
  retentionWords,
  tierWords,
  timeWords,
} from './contract-words.ts';
import type { Permission } from './manifest.ts';

/** What a change does for the service, in words. */
export const leaningWords: Readonly<Record<Leaning, string>> = {
  more: 'they get more',
  less: 'they get less',
  other: '',
};

/** One change of a contract, in plain language, with what was before and what is after. */
export type ChangeInWords = {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly leaning: Leaning;
};

/** A change in the vault's words; names and text of the service's are passed on as they stand. */
export function changeInWords(change: ContractChange): ChangeInWords {
  const said = (value: ContractChange['before']): string | null =>
    value === null ? null : valueWords(change, value);
  const { before, after, leaning } = change;
  return { what: subjectWords(change), before: said(before), after: said(after), leaning };
}

const limitWords: Readonly<Record<string, string>> = {
  requests_per_hour: 'requests an hour',
  burst: 'requests at once after a rest',
  notifications_per_hour: 'messages to you an hour',
  storage_megabytes: 'megabytes that they may store',
};

/** How one contract follows another, in one line. */
export function followWords({ before, after, follows }: ContractDiff): string {
  if (before.hash === after.hash) return 'the same document';
  if (before.id !== after.id) return 'another contract, not a version of this one';
  return follows
    ? `version ${after.version} follows version ${before.version}`
    : `version ${after.version} does not follow version ${before.version}: a vault would refuse it as an update`;
}

function subjectWords({ change, kind, name, member }: ContractChange): string {
  switch (kind) {
    case 'field':
      return member === undefined ? `field ${name} is ${change}` : `${name}: ${member}`;
    case 'permission':
      return `may ${permissionWords[name as Permission]}`;
    case 'limit':
      return limitWords[name] ?? name;
    case 'category':
      return `may store ${name} is ${change}`;
    case 'about':
      return name === 'expires' ? 'runs out' : name.replace('.', ' ');
  }
}

function valueWords(
  { kind, name, member }: ContractChange,
  value: NonNullable<ContractChange['before']>,
): string {
  if (typeof value === 'object') return fieldWords(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (kind === 'about' && name === 'expires') return timeWords(Number(value));
  switch (member) {
    case 'tier':
      return tierWords[value as Tier];
    case 'purpose':
      return purposeWords(String(value));
    case 'retention':
      return retentionWords(String(value));
    default:
      return String(value);
  }
}

function fieldWords({ tier, purpose, retention }: ContractField): string {
  return `${tierWords[tier]}; ${purposeWords(purpose)}; ${retentionWords(retention)}`;
}
