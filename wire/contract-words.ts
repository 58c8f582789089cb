import type { Contract, ContractField, Retention, Tier } from './contract.ts';
import type { Permission } from './manifest.ts';

/*
 * A contract in plain language, always in the same form: these are the vault's words, never the
 * service's. Text that the service wrote (names, title, description, links) is passed on as it stands,
 * for whoever shows it to make printable.
 */

/** What a tier means for the owner. */
export const tierWords: Readonly<Record<Tier, string>> = {
  required: 'must be given, or there is no connection',
  optional: 'may be declined when connecting',
  on_demand: 'given whenever it is asked for, without asking you',
  consent: 'given only when you say yes, each time',
};

/** What a permission lets a service do. */
export const permissionWords: Readonly<Record<Permission, string>> = {
  store: 'store entries of its own in your vault',
  messages: 'send you messages',
  authentication: 'ask you to sign in',
  payment: 'ask for payments',
  signatures: 'ask for signatures',
  identity: 'ask for proofs of who you are',
  location: 'ask where you are',
};

/** Order in which tiers are shown: what asks least of the owner's attention comes first. */
export const tiers: readonly Tier[] = ['required', 'optional', 'on_demand', 'consent'];

/** Order in which permissions are shown. */
export const permissionNames: readonly Permission[] = [
  'store',
  'messages',
  'authentication',
  'payment',
  'signatures',
  'identity',
  'location',
];

/** A contract as an owner reads it. Every member is always there, so that two contracts can be compared by eye. */
export type ContractInWords = {
  /** What it is called, whose it is, and its other facts: label and text. */
  readonly about: readonly (readonly [label: string, text: string])[];
  /** Every tier, with its fields. */
  readonly fields: readonly {
    readonly tier: Tier;
    readonly meaning: string;
    readonly fields: readonly FieldInWords[];
  }[];
  /** Every permission, granted or not. */
  readonly permissions: readonly {
    readonly permission: Permission;
    readonly granted: boolean;
    readonly meaning: string;
  }[];
  readonly limits: readonly string[];
};

/** One field as an owner reads it. */
export type FieldInWords = {
  readonly name: string;
  readonly purpose: string;
  readonly retention: string;
};

/**
 * A contract in the vault's words.
 * @param hash - of its canonical form, hex
 */
export function contractInWords(contract: Contract, hash: string): ContractInWords {
  return {
    about: aboutOf(contract, hash),
    fields: tiers.map((tier) => ({
      tier,
      meaning: tierWords[tier],
      fields: contract.fields.filter((field) => field.tier === tier).map(fieldInWords),
    })),
    permissions: permissionNames.map((permission) => ({
      permission,
      granted: contract.permissions[permission],
      meaning: permissionWords[permission],
    })),
    limits: limitsInWords(contract),
  };
}

/** One field in the vault's words. */
export function fieldInWords({ name, purpose, retention }: ContractField): FieldInWords {
  return { name, purpose: purposeWords(purpose), retention: retentionWords(retention) };
}

/** A purpose in words: `age_verification` is `for age verification`. */
export function purposeWords(purpose: string): string {
  return `for ${purpose.replaceAll('_', ' ')}`;
}

/** How long a field may be had, in words. */
export function retentionWords(retention: Retention): string {
  if (retention === 'session') return 'for this interaction only';
  if (retention === 'until_revoked') return 'as long as the connection lives';
  const length = lengthWords(retention);
  return length === undefined ? 'only once' : `for ${length} from the first time`;
}

/** A time as it is shown: UTC, to the second. */
export function timeWords(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function aboutOf(contract: Contract, hash: string): ContractInWords['about'] {
  const { title, service, description, version, id, previous, published, expires } = contract;
  return [
    ['title', title],
    ['from', `${service.name} (${service.id})`],
    ['says', description],
    ['terms', contract.terms ?? 'not given'],
    ['privacy', contract.privacy ?? 'not given'],
    ['contract', `${id}, version ${version}`],
    ['published', timeWords(published)],
    ['runs out', expires === undefined ? 'never' : timeWords(expires)],
    ['hash', hash],
    ['before it', previous ?? 'nothing: it is the first version'],
  ];
}

function limitsInWords({ limits, storage }: Contract): string[] {
  const { notifications_per_hour: messages } = limits;
  return [
    `${counted(limits.requests_per_hour, 'request')} an hour`,
    `${limits.burst} at once after a rest`,
    messages === undefined
      ? 'no messages to you'
      : `${counted(messages, 'message')} to you an hour`,
    storage === undefined
      ? 'nothing stored'
      : `at most ${counted(storage.megabytes, 'megabyte')} stored, of: ${storage.categories.join(', ')}`,
  ];
}

/** A duration in words, `1 day 12 hours`; `undefined` when it comes to nothing. */
export function lengthWords(retention: string): string | undefined {
  const part = (unit: string): number =>
    Number(new RegExp(`(\\d+)${unit}`).exec(retention)?.[1] ?? 0);
  const parts = [
    [part('D'), 'day'],
    [part('H'), 'hour'],
    [part('M'), 'minute'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => counted(count, unit));
  return said.length === 0 ? undefined : said.join(' ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
