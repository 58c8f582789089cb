import type { NearRule } from '../core/manager/near-rules.ts';
import { printable } from '../projections/printable.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import { contractInWords, purposeWords } from '../wire/contract-words.ts';
import { pasteable } from './hint.ts';
import { renderContract } from './render-contract.ts';
import { renderGrant } from './render-grant.ts';
import { type OfferedVersion, renderMissing, renderOffer } from './render-offer.ts';

/** A held request, as the vault describes it. */
export type HeldRequest = {
  readonly request: string;
  readonly hash: string;
  readonly type: string;
  readonly party: string;
  readonly fields: readonly {
    readonly name: string;
    readonly tier: string;
    readonly purpose: string;
  }[];
  readonly purpose: string | null;
  /** Only of an agent: the domain that it acts toward, and the scopes that it asks under. */
  readonly kind?: string;
  readonly target?: string | null;
  readonly scopes?: readonly { readonly name: string; readonly purpose: string }[];
  /** Remembered approvals that nearly stood for the owner. */
  readonly rules?: readonly NearRule[];
  /** What it says, where its type always asks: what is signed is read before. */
  readonly asks?: unknown;
  readonly contract: { readonly id: string; readonly version: number } | null;
  readonly asked: number;
  readonly until: number | null;
};

/** A connection, as the vault describes it. */
export type DescribedConnection = {
  readonly connection: string;
  readonly party: string;
  readonly name: string;
  readonly kind: string;
  /** What a peer or an agent calls itself; nobody has checked it. */
  readonly calls_itself: string | null;
  readonly status: string;
  readonly contract: Contract | null;
  readonly missing: readonly string[];
  readonly optional: readonly string[];
  readonly tokens: number | null;
  /** Of an agent: until when it gets nothing, Unix milliseconds; null where it is not cooling down. */
  readonly cooling_until?: number | null;
};

/** Everything that waits for the owner. */
export type Pending = {
  readonly requests: readonly HeldRequest[];
  readonly connections: readonly DescribedConnection[];
  readonly updates: readonly OfferedVersion[];
};

/** What waits, and the commands that answer it, for a data directory. */
export function renderPending({ requests, connections, updates }: Pending, data: string): string {
  if (requests.length + connections.length + updates.length === 0) return 'nothing waits for you';
  return [
    ...requests.map((held) => renderRequest(held, data)),
    ...connections.map((asking) => renderConnection(asking, data)),
    ...updates.map((update) => renderOffer(update, data)),
  ].join('\n\n');
}

/** Why a remembered approval does not stand for the owner. */
const ruleWords: Readonly<Record<NearRule['why'], string>> = {
  run_out: 'it has run out',
  other_purpose: 'it is for another purpose',
  other_terms: 'it was made under other terms',
  asked_again: 'what it allowed to keep is over, or your vault lacks the field',
  not_for_all: 'it does not cover all that is asked for',
};

function renderRequest(held: HeldRequest, data: string): string {
  const fields = held.fields.map(({ name, tier, purpose }) => `${name} (${tier}, for ${purpose})`);
  const about = held.asks === undefined ? fields.join(', ') : held.type;
  return [
    `${held.kind === 'agent' ? 'your agent ' : ''}${printable(held.party)} asks for ${about}`,
    ...agentLines(held),
    ...(held.asks === undefined ? [] : [`  says    ${printable(JSON.stringify(held.asks))}`]),
    ...(held.rules ?? []).map(
      ({ rule, field, why }) => `  rule    ${rule} for ${field} does not stand: ${ruleWords[why]}`,
    ),
    `  asked   ${new Date(held.asked).toISOString()}`,
    `  until   ${held.until === null ? 'no limit' : new Date(held.until).toISOString()}`,
    `  under   ${held.contract === null ? 'no contract' : `${held.contract.id} version ${held.contract.version}`}`,
    ...answers(idOf(held.request), data),
  ].join('\n');
}

function agentLines({ kind, target, scopes = [] }: HeldRequest): string[] {
  if (kind !== 'agent') return [];
  const under = scopes.map(({ name, purpose }) => `${name} (${purposeWords(purpose)})`);
  return [
    `  toward  ${target === undefined || target === null ? 'nobody that it names' : printable(target)}`,
    `  scope   ${under.join(', ')}`,
  ];
}

function renderConnection(
  { connection, name, kind, calls_itself: itself, contract, missing }: DescribedConnection,
  data: string,
): string {
  const terms = contract === null ? '' : termsOf(kind, contract);
  return [
    wantsWords(kind, printable(name)),
    ...(kind === 'peer' ? peerWords(itself) : []),
    ...(kind === 'agent' ? callsItself(itself) : []),
    ...terms.split('\n').map((line) => `  ${line}`.trimEnd()),
    ...renderMissing(missing, data),
    ...answers(connection, data),
  ].join('\n');
}

function wantsWords(kind: string, name: string): string {
  if (kind === 'peer') return `the vault of ${name} wants to be a peer of yours`;
  return kind === 'agent' ? `an agent wants to act for you as ${name}` : `${name} wants to connect`;
}

function termsOf(kind: string, contract: Contract): string {
  return kind === 'agent'
    ? renderGrant(contract)
    : renderContract(contractInWords(contract, contractHash(contract)));
}

function callsItself(itself: string | null): string[] {
  return itself === null || itself === '' ? [] : [`  it calls itself ${printable(itself)}`];
}

function peerWords(itself: string | null): string[] {
  return [
    ...callsItself(itself),
    '  it gets nothing by this: what you share with it you say later (owner share)',
    '  your vault may then ask it for what its owner shares with you',
  ];
}

function answers(id: string, data: string): string[] {
  return [
    `  answer  ${pasteable(`owner approve ${id}`, data)}`,
    `          ${pasteable(`owner deny ${id}`, data)}`,
  ];
}

function idOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
