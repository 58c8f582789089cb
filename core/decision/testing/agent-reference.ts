import type { Bucket, CheckName, CoolingDown } from '../../../ledger/decision.ts';
import type { Reason } from '../../../wire/reasons.ts';
import {
  type AgentScenario,
  cools,
  patterns,
  rate,
  type ScopeIs,
  type ScopeName,
  scopeKinds,
  targetsInForm,
  wasRemembered,
  within,
} from './agent-scenario.ts';
import { hour, minute, now } from './scenario.ts';

/*
 * What docs/spec/agents.md says about a request of an agent, without anything of `decide`. Where two things are wrong
 * within one check it names no first, and either is right.
 */

/** What must be decided, and what must be counted. */
export type ExpectedOfAgent = {
  readonly outcome: 'allowed' | 'denied' | 'pending';
  readonly check?: CheckName;
  readonly reasons: readonly Reason[];
  /** Tokens that are left over all, and in each scope; absent where none are counted. */
  readonly tokens?: number;
  readonly scopes?: Readonly<Record<string, number>>;
  readonly cooling?: CoolingDown;
};

type Under = readonly (readonly [ScopeName, ScopeIs])[];

/** What must be decided about an agent's request. */
export function expectedOfAgent(scenario: AgentScenario): ExpectedOfAgent {
  const wrong = firstWrong(scenario);
  const { round, signed } = scenario;
  if (round === 'again') return again(scenario, wrong);
  if (!signed) return { outcome: 'denied', check: 'sender', reasons: ['signature_invalid'] };
  const counted = counts(scenario);
  if (wrong !== undefined) {
    const cooling = counted.spent ? undefined : coolingOf(scenario, wrong.reasons);
    return { outcome: 'denied', ...wrong, ...counted.left, ...(cooling && { cooling }) };
  }
  if (counted.spent)
    return { outcome: 'denied', check: 'rate', reasons: ['rate_limited'], ...counted.left };
  return { outcome: isHeld(scenario) ? 'pending' : 'allowed', reasons: [], ...counted.left };
}

function again(scenario: AgentScenario, wrong: ReturnType<typeof firstWrong>): ExpectedOfAgent {
  if (wrong !== undefined) return { outcome: 'denied', ...wrong };
  const gone = consentOf(scenario).some((name) => !stands(scenario, name));
  return wasRemembered(scenario) && gone
    ? { outcome: 'denied', check: 'tier', reasons: ['consent_denied'] }
    : { outcome: 'allowed', reasons: [] };
}

/** Scopes of the type, and of them those that the request falls under. */
function ofType({ type, scopes }: AgentScenario): Under {
  return (Object.entries(scopes) as [ScopeName, ScopeIs | undefined][]).flatMap(([name, is]) =>
    is !== undefined && scopeKinds[name].type === type ? [[name, is] as const] : [],
  );
}

function asked({ type, fields }: AgentScenario): readonly string[] {
  return type === 'data.request' || type === 'identity.request' ? fields : [];
}

function under(scenario: AgentScenario): Under {
  const names = asked(scenario);
  return ofType(scenario).filter(([kind]) => {
    const has: readonly string[] | undefined = scopeKinds[kind].fields;
    return has === undefined || names.some((name) => has.includes(name));
  });
}

function firstWrong(
  scenario: AgentScenario,
): { readonly check: CheckName; readonly reasons: readonly Reason[] } | undefined {
  if (!scenario.active) return { check: 'connection', reasons: ['connection_severed'] };
  if (scenario.unfit) return { check: 'payload', reasons: ['schema_invalid'] };
  if (scenario.type === 'peer.shares') return { check: 'payload', reasons: ['event_unsupported'] };
  if (scenario.names === 'the one before')
    return { check: 'contract', reasons: ['contract_version_mismatch'] };
  if (scenario.endsIn <= 0) return { check: 'contract', reasons: ['contract_expired'] };
  const names = asked(scenario);
  const none =
    ofType(scenario).length === 0 || (names.length === 0 && under(scenario).length === 0);
  if (none) return { check: 'permission', reasons: ['permission_missing'] };
  const has = ofType(scenario).flatMap(
    ([kind]): readonly string[] => scopeKinds[kind].fields ?? [],
  );
  const reasons: Reason[] = [
    ...(names.every((name) => has.includes(name)) ? [] : ['field_not_in_contract' as const]),
    ...(isAstray(scenario) ? ['purpose_mismatch' as const] : []),
  ];
  return reasons.length === 0 ? undefined : { check: 'fields', reasons };
}

/** Another purpose than the scopes', or toward whom they are not. */
function isAstray(scenario: AgentScenario): boolean {
  const { purpose, target } = scenario;
  if (asked(scenario).length > 0 && purpose === 'advertising') return true;
  const said = typeof target === 'string' ? target : undefined;
  if (said !== undefined && !targetsInForm.includes(said)) return true;
  return under(scenario).some(([, { targets }]) => {
    const { written, names } = patterns[targets];
    return written !== undefined && !(names as readonly (string | undefined)[]).includes(said);
  });
}

function consentOf(scenario: AgentScenario): readonly string[] {
  const held = under(scenario)
    .filter(([, { approval }]) => approval !== 'auto')
    .flatMap(([kind]): readonly string[] => scopeKinds[kind].fields ?? []);
  return asked(scenario).filter((name) => held.includes(name));
}

/** Whether a first yes stands for a field: for this type, and the same target. */
function stands({ type, target, remembered }: AgentScenario, name: string): boolean {
  const said = typeof target === 'string' ? target : undefined;
  const fields: readonly string[] = scopeKinds.address.fields;
  if (remembered === undefined || type !== 'data.request' || !fields.includes(name)) return false;
  return remembered.target === said && remembered.endsIn > 0;
}

function isHeld(scenario: AgentScenario): boolean {
  if (scenario.type === 'identity.request') return true;
  const whole = under(scenario).some(
    ([kind, { approval }]) => scopeKinds[kind].fields === undefined && approval !== 'auto',
  );
  return whole || consentOf(scenario).some((name) => !stands(scenario, name));
}

function counts(scenario: AgentScenario): {
  readonly spent: boolean;
  readonly left: Pick<ExpectedOfAgent, 'tokens' | 'scopes'>;
} {
  if (scenario.type === 'peer.shares') return { spent: false, left: {} };
  const all = tokensNow(scenario.bucket);
  if (all < 1) return { spent: true, left: { tokens: all } };
  const each = under(scenario).map(([name, { bucket }]) => [name, tokensNow(bucket)] as const);
  const scopes = Object.fromEntries(
    each.map(([name, tokens]) => [name, tokens < 1 ? tokens : tokens - 1]),
  );
  const isCooling = (scenario.coolingEndsIn ?? 0) > 0;
  return {
    spent: isCooling || each.some(([, tokens]) => tokens < 1),
    left: { tokens: all - 1, ...(each.length === 0 ? {} : { scopes }) },
  };
}

function tokensNow(bucket: ScopeIs['bucket']): number {
  if (bucket === undefined) return rate.burst;
  const back = (Math.max(0, bucket.countedAgo) / hour) * rate.per_hour;
  return Math.min(rate.burst, bucket.tokens + back);
}

/** When a bucket was counted last, with this request: a clock that goes back gives nothing. */
export function countedAt(bucket: ScopeIs['bucket']): Bucket['at'] {
  return bucket === undefined ? now : Math.max(now, now - bucket.countedAgo);
}

function coolingOf(
  { active, refusedAgo, refusalsMost, coolingEndsIn }: AgentScenario,
  reasons: readonly Reason[],
): CoolingDown | undefined {
  if (!active || reasons.includes('contract_version_mismatch')) return undefined;
  if ((coolingEndsIn ?? 0) > 0) return undefined;
  const fresh = refusedAgo.filter((ago) => ago < within * minute && coolingEndsIn === undefined);
  const refusals = [...fresh.map((ago) => now - ago), now];
  return refusals.length >= refusalsMost
    ? { refusals: refusals.slice(refusals.length - refusalsMost), until: now + cools * minute }
    : { refusals };
}
