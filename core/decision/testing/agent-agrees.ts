import type { Bucket, Decision } from '../../../ledger/decision.ts';
import { decide } from '../decide.ts';
import { countedAt, type ExpectedOfAgent, expectedOfAgent } from './agent-reference.ts';
import type { AgentScenario, ScopeIs, ScopeName } from './agent-scenario.ts';
import { givenAgent } from './agent-state.ts';

/** How `decide` and the specification differ about an agent's request, in words; `undefined` where they agree. */
export function agentDisagreement(
  scenario: AgentScenario,
  decider: typeof decide = decide,
): string | undefined {
  const { state, received, time } = givenAgent(scenario);
  const decision = decider(state, received, time, scenario.round);
  const said = expectedOfAgent(scenario);
  const wrong =
    outcomeFault(decision, said) ??
    permissionFault(decision, said) ??
    countFault(decision, said, scenario);
  const { outcome, reason, detail, facts } = decision;
  return (
    wrong && `${wrong}: ${JSON.stringify({ said, decided: { outcome, reason, detail, facts } })}`
  );
}

function outcomeFault({ outcome, reason, checks }: Decision, said: ExpectedOfAgent) {
  if (outcome !== said.outcome) return 'another outcome';
  const failing = checks.find(({ result }) => result === 'fail')?.check;
  if (failing !== said.check) return 'another check fails first';
  if (outcome !== 'denied') return undefined;
  return reason !== undefined && said.reasons.includes(reason) ? undefined : 'another reason';
}

/** An agent's permission is always looked at: what type it is for is never beside the point. */
function permissionFault({ outcome, checks }: Decision, { check }: ExpectedOfAgent) {
  const looked = outcome !== 'denied' || check === 'fields' || check === 'rate' || check === 'tier';
  const result = checks.find((one) => one.check === 'permission')?.result;
  return looked && result !== 'pass' ? 'the permission is not looked at' : undefined;
}

function countFault({ facts }: Decision, said: ExpectedOfAgent, scenario: AgentScenario) {
  const { bucket, scopes, cooling } = facts;
  const wrong = bucketFault(bucket, said.tokens, scenario.bucket);
  if (wrong !== undefined) return `over all: ${wrong}`;
  const names = [...new Set([...Object.keys(scopes ?? {}), ...Object.keys(said.scopes ?? {})])];
  if ((scopes === undefined) !== (said.scopes === undefined)) return 'scopes are counted or not';
  for (const name of names) {
    const before = scenario.scopes[name as ScopeName]?.bucket;
    const fault = bucketFault(scopes?.[name], said.scopes?.[name], before);
    if (fault !== undefined) return `${name}: ${fault}`;
  }
  return JSON.stringify(cooling) === JSON.stringify(said.cooling) ? undefined : 'another cool-down';
}

function bucketFault(
  bucket: Bucket | undefined,
  tokens: number | undefined,
  before: ScopeIs['bucket'],
) {
  if (tokens === undefined || bucket === undefined)
    return tokens === bucket?.tokens ? undefined : 'tokens are counted or not';
  if (bucket.at !== countedAt(before)) return 'counted at another time';
  return Math.abs(bucket.tokens - tokens) < 1e-6 ? undefined : 'another count of tokens';
}
