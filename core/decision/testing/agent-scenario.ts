import fc from 'fast-check';
import type { Approval } from '../../../wire/agent-terms.ts';
import { day, hour, minute } from './scenario.ts';

/*
 * A request of an agent and everything that a decision about it may turn on beside what it turns on for everybody, in
 * the words of docs/spec/agents.md. Times are counted from the moment of the decision, in milliseconds.
 */

/** A scope of the grant. What it is for stands in its name. */
export type ScopeIs = {
  readonly approval: Approval;
  readonly targets: keyof typeof patterns;
  /** Tokens before this request, and when they were counted; full where absent. */
  readonly bucket: { readonly tokens: number; readonly countedAgo: number } | undefined;
};

/** Lists of patterns, and the targets of `targets` that they name, said one by one. */
export const patterns = {
  any: { written: undefined, names: [] },
  shop: { written: ['shop.example'], names: ['shop.example'] },
  under: { written: ['*.shop.example'], names: ['www.shop.example'] },
  both: {
    written: ['bank.example', 'shop.example', '*.shop.example'],
    names: ['bank.example', 'shop.example', 'www.shop.example'],
  },
} as const;

/** Targets as an agent may say them; those behind the first three are in no form. */
export const targets = [
  'shop.example',
  'www.shop.example',
  'bank.example',
  'Shop.example',
  'shop.example.',
  'evil',
] as const;
export type Target = (typeof targets)[number];
export const targetsInForm: readonly Target[] = targets.slice(0, 3);

/** The scopes that a grant may have, each with its type and fields. */
export const scopeKinds = {
  name: { type: 'data.request', fields: ['personal/full_name'] },
  address: { type: 'data.request', fields: ['personal/home_address', 'personal/city'] },
  proof: { type: 'identity.request', fields: ['personal/passport'] },
  pay: { type: 'payment.request', fields: undefined },
  note: { type: 'note.send', fields: undefined },
} as const;
export type ScopeName = keyof typeof scopeKinds;

/** One request, and the agent that makes it. */
export type AgentScenario = {
  readonly round: 'first' | 'again';
  /** The last is one of the standard's own, and not for agents. */
  readonly type:
    | 'data.request'
    | 'identity.request'
    | 'payment.request'
    | 'note.send'
    | 'peer.shares';
  readonly fields: readonly string[];
  readonly purpose: 'shopping' | 'advertising' | undefined;
  /** Absent where none is said; a number where what is said is no text. */
  readonly target: Target | 7 | undefined;
  readonly unfit: boolean;
  readonly signed: boolean;
  readonly active: boolean;
  readonly names: 'the grant in force' | 'the one before';
  readonly endsIn: number;
  readonly scopes: { readonly [name in ScopeName]?: ScopeIs | undefined };
  /** Tokens over all. */
  readonly bucket: ScopeIs['bucket'];
  readonly refusalsMost: number;
  readonly refusedAgo: readonly number[];
  readonly coolingEndsIn: number | undefined;
  /** A first yes that is remembered for the fields of `address`: for which target, and for how long yet. */
  readonly remembered: { readonly target: Target | undefined; readonly endsIn: number } | undefined;
  /** Decided about again: whether it was allowed for what is remembered, where that could be. */
  readonly wasRemembered: boolean;
};

/** Whether a request that is decided about again had been allowed for what was remembered for all that it asks for. */
export function wasRemembered({ type, fields, wasRemembered: was }: AgentScenario): boolean {
  const names: readonly string[] = scopeKinds.address.fields;
  return was && type === 'data.request' && fields.every((name) => names.includes(name));
}

/** Minutes within which refusals count, and for which a cool-down lasts. */
export const within = 10;
export const cools = 5;
/** Rate of every scope, and of all of them. */
export const rate = { per_hour: 2, burst: 3 };

function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  const odd = { weight: 1, arbitrary: fc.constantFrom(...others) };
  return fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, odd);
}

const bucket = fc.option(
  fc.record({
    tokens: fc.constantFrom(0, 0.5, 1, 1.5, 2, 3),
    countedAgo: fc.constantFrom(0, 15 * minute, 30 * minute, hour, -minute),
  }),
  { nil: undefined },
);
const scope = fc.option(
  fc.record({
    approval: fc.constantFrom<Approval>('auto', 'auto', 'ask', 'first'),
    targets: fc.constantFrom<ScopeIs['targets']>('any', 'shop', 'under', 'both'),
    bucket,
  }),
  { nil: undefined, freq: 6 },
);
const fieldNames = Object.values(scopeKinds).flatMap(({ fields = [] }) => [...fields]);
const oneTarget = fc.constantFrom<Target | undefined>(undefined, ...targets);

/** Requests of agents, most of them within their grants. */
export const agentScenarios: fc.Arbitrary<AgentScenario> = fc.record({
  round: mostly<AgentScenario['round']>('first', 'again'),
  type: fc.constantFrom<AgentScenario['type']>(
    ...([
      'data.request',
      'data.request',
      'identity.request',
      'payment.request',
      'note.send',
      'peer.shares',
    ] as const),
  ),
  fields: fc.oneof(
    { weight: 6, arbitrary: fc.subarray(fieldNames.slice(0, 3), { minLength: 1 }) },
    { weight: 2, arbitrary: fc.constantFrom(['personal/passport'], []) },
    { weight: 1, arbitrary: fc.subarray(fieldNames) },
    { weight: 1, arbitrary: fc.constant(['health/allergies']) },
  ),
  purpose: mostly<AgentScenario['purpose']>('shopping', undefined, 'advertising'),
  target: fc.oneof(
    { weight: 6, arbitrary: fc.constant('shop.example' as const) },
    { weight: 3, arbitrary: oneTarget },
    { weight: 1, arbitrary: fc.constant(7 as const) },
  ),
  unfit: mostly(false, true),
  signed: mostly(true, false),
  active: mostly(true, false),
  names: mostly<AgentScenario['names']>('the grant in force', 'the one before'),
  endsIn: mostly(day, -1, 0, 1),
  scopes: fc.record({ name: scope, address: scope, proof: scope, pay: scope, note: scope }),
  bucket,
  refusalsMost: fc.constantFrom(1, 2, 3),
  refusedAgo: fc.subarray([11, 10, 9, 1, 0].map((minutes) => minutes * minute)),
  coolingEndsIn: fc.constantFrom(undefined, undefined, undefined, -1, 0, 1),
  remembered: fc.option(
    fc.record({
      target: fc.oneof(fc.constant('shop.example' as const), oneTarget),
      endsIn: mostly(day, -1, 0, 1),
    }),
    { nil: undefined },
  ),
  wasRemembered: fc.boolean(),
});
