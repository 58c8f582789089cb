import { type Contract, type ContractField, contractHash, type Tier } from './contract.ts';
import { chainFault } from './contract-chain.ts';
import { permissionNames } from './contract-words.ts';
import { durationMs } from './duration.ts';

/** What a change does for the service: it may have or do more than before, or less, or neither. */
export type Leaning = 'more' | 'less' | 'other';

/** One thing that two contracts say differently; `null` where one says nothing. */
export type ContractChange = {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: 'field' | 'permission' | 'limit' | 'category' | 'about';
  /** Field name, permission, limit, category of what is stored, or member of the contract. */
  readonly name: string;
  /** Of a field: its member that changed; absent where the whole field was added or removed. */
  readonly member?: 'tier' | 'purpose' | 'retention';
  readonly before: ContractField | string | number | boolean | null;
  readonly after: ContractField | string | number | boolean | null;
  readonly leaning: Leaning;
};

/** How one contract differs from another. */
export type ContractDiff = {
  readonly before: { readonly id: string; readonly version: number; readonly hash: string };
  readonly after: { readonly id: string; readonly version: number; readonly hash: string };
  /** Whether the second is the next version of the first. */
  readonly follows: boolean;
  /** In a fixed order: fields, permissions, limits, categories, then what is said about it. */
  readonly changes: readonly ContractChange[];
};

const tierRank: Readonly<Record<Tier, number>> = {
  consent: 0,
  optional: 1,
  on_demand: 2,
  required: 3,
};
/** Only for comparing: an interaction lasts longer than once, and shorter than any other duration. */
const sessionMs = 1;

/**
 * Computes how `after` differs from `before`; both in form. Order of fields counts for nothing. The same
 * documents give no change, and a change never cancels another.
 */
export function diffContracts(before: Contract, after: Contract): ContractDiff {
  return {
    before: named(before),
    after: named(after),
    follows: chainFault(before, after) === undefined,
    changes: [
      ...fieldChanges(before.fields, after.fields),
      ...permissionChanges(before, after),
      ...limitChanges(before, after),
      ...categoryChanges(before, after),
      ...aboutChanges(before, after),
    ],
  };
}

function named(contract: Contract): ContractDiff['before'] {
  return { id: contract.id, version: contract.version, hash: contractHash(contract) };
}

/** By name: two contracts that declare a field differ in it, and not by its place. */
function fieldChanges(
  before: readonly ContractField[],
  after: readonly ContractField[],
): ContractChange[] {
  const [was, is] = [byName(before), byName(after)];
  const added = after
    .filter(({ name }) => !was.has(name))
    .map((field) => fieldChange('added', field.name, null, field));
  const removed = before
    .filter(({ name }) => !is.has(name))
    .map((field) => fieldChange('removed', field.name, field, null));
  const changed = before.flatMap((field) => memberChanges(field, is.get(field.name)));
  return [...added, ...removed, ...changed];
}

function fieldChange(
  change: 'added' | 'removed',
  name: string,
  before: ContractField | null,
  after: ContractField | null,
): ContractChange {
  const leaning = change === 'added' ? 'more' : 'less';
  return { change, kind: 'field', name, before, after, leaning };
}

function memberChanges(before: ContractField, after: ContractField | undefined): ContractChange[] {
  if (after === undefined) return [];
  const { name } = before;
  return (['tier', 'purpose', 'retention'] as const)
    .filter((member) => before[member] !== after[member])
    .map((member) => ({
      change: 'changed',
      kind: 'field',
      name,
      member,
      before: before[member],
      after: after[member],
      leaning: memberLeaning(member, before, after),
    }));
}

function memberLeaning(
  member: 'tier' | 'purpose' | 'retention',
  before: ContractField,
  after: ContractField,
): Leaning {
  switch (member) {
    case 'tier':
      return leaning(tierRank[before.tier], tierRank[after.tier]);
    case 'retention':
      return leaning(retentionMs(before.retention), retentionMs(after.retention));
    case 'purpose':
      return 'other';
  }
}

function permissionChanges(before: Contract, after: Contract): ContractChange[] {
  return permissionNames
    .filter((name) => before.permissions[name] !== after.permissions[name])
    .map((name) => ({
      change: 'changed',
      kind: 'permission',
      name,
      before: before.permissions[name],
      after: after.permissions[name],
      leaning: after.permissions[name] ? 'more' : 'less',
    }));
}

function limitChanges(before: Contract, after: Contract): ContractChange[] {
  const [was, is] = [limitsOf(before), limitsOf(after)];
  return Object.keys(was)
    .filter((name) => was[name] !== is[name])
    .map((name) => {
      const [from, to] = [was[name] ?? null, is[name] ?? null];
      const leans = leaning(from ?? 0, to ?? 0);
      return {
        change: changeOf(from, to),
        kind: 'limit',
        name,
        before: from,
        after: to,
        leaning: leans,
      };
    });
}

/** Every limit by name; null where there is none, which is to say that nothing is allowed. */
function limitsOf({ limits, storage }: Contract): Readonly<Record<string, number | null>> {
  return {
    requests_per_hour: limits.requests_per_hour,
    burst: limits.burst,
    notifications_per_hour: limits.notifications_per_hour ?? null,
    storage_megabytes: storage?.megabytes ?? null,
  };
}

function categoryChanges(before: Contract, after: Contract): ContractChange[] {
  const [was, is] = [before.storage?.categories ?? [], after.storage?.categories ?? []];
  const change = (name: string, added: boolean): ContractChange => ({
    change: added ? 'added' : 'removed',
    kind: 'category',
    name,
    before: added ? null : true,
    after: added ? true : null,
    leaning: added ? 'more' : 'less',
  });
  return [
    ...is.filter((name) => !was.includes(name)).map((name) => change(name, true)),
    ...was.filter((name) => !is.includes(name)).map((name) => change(name, false)),
  ];
}

function changeOf(before: unknown, after: unknown): ContractChange['change'] {
  if (before === null) return 'added';
  return after === null ? 'removed' : 'changed';
}

type About = { readonly [name: string]: string | number | null };

function aboutChanges(before: Contract, after: Contract): ContractChange[] {
  const [was, is] = [aboutOf(before), aboutOf(after)];
  return Object.keys(was)
    .filter((name) => was[name] !== is[name])
    .map((name): ContractChange => {
      const [from, to] = [was[name] ?? null, is[name] ?? null];
      const change = changeOf(from, to);
      const ends = name === 'expires' ? leaning(endOf(before), endOf(after)) : 'other';
      return { change, kind: 'about', name, before: from, after: to, leaning: ends };
    });
}

function aboutOf(contract: Contract): About {
  const { id, service, title, description, terms, privacy, expires } = contract;
  return {
    id,
    'service.id': service.id,
    'service.name': service.name,
    title,
    description,
    terms: terms ?? null,
    privacy: privacy ?? null,
    expires: expires ?? null,
  };
}

function endOf({ expires }: Contract): number {
  return expires ?? Number.POSITIVE_INFINITY;
}

function retentionMs(retention: string): number {
  if (retention === 'until_revoked') return Number.POSITIVE_INFINITY;
  return durationMs(retention) ?? sessionMs;
}

function leaning(before: number, after: number): Leaning {
  if (after === before) return 'other';
  return after > before ? 'more' : 'less';
}

function byName(fields: readonly ContractField[]): ReadonlyMap<string, ContractField> {
  return new Map(fields.map((field) => [field.name, field]));
}
