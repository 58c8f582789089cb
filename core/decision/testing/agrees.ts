import type { Decision } from '../../../ledger/decision.ts';
import { decide } from '../decide.ts';
import { type Expected, expected } from './reference-model.ts';
import { expectedRecord, type Recorded } from './reference-record.ts';
import { countedAt, hourMs } from './reference-tokens.ts';
import type { Scenario } from './scenario.ts';
import { given } from './scenario-state.ts';

/** How `decide` and the specification differ about a scenario, in words; `undefined` where they agree. */
export function disagreement(
  scenario: Scenario,
  decider: typeof decide = decide,
): string | undefined {
  const { state, received, time } = given(scenario);
  const decision = decider(state, received, time, scenario.round);
  const said = expected(scenario);
  const wrong =
    outcomeFault(decision, said) ??
    groundsFault(decision, said) ??
    recordFault(decision, expectedRecord(scenario, said)) ??
    bucketFault(decision, said, scenario);
  const { outcome, reason, detail, facts } = decision;
  const decided = { outcome, reason, detail, facts };
  return wrong && `${wrong}: ${JSON.stringify({ said, decided })}`;
}

function outcomeFault({ outcome, reason, checks }: Decision, said: Expected): string | undefined {
  if (outcome !== said.outcome) return 'another outcome';
  if (outcome !== 'denied') return reason === undefined ? undefined : 'a reason without a refusal';
  const failing = checks.find(({ result }) => result === 'fail')?.check;
  if (failing !== said.check) return 'another check fails first';
  return reason !== undefined && said.reasons.includes(reason) ? undefined : 'another reason';
}

/** On what a request is allowed that asks for fields of the consent tier. */
function groundsFault({ outcome, facts }: Decision, said: Expected): string | undefined {
  if (outcome !== 'allowed') return undefined;
  const same = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
    a.toSorted().join() === b.toSorted().join();
  if (facts.granted?.length === 0) return 'nothing is granted anew';
  if (!same(facts.granted, said.granted)) return 'other fields are granted anew';
  const consent = facts.consent ?? [];
  const ruled = Object.keys(facts.rules ?? {}).filter((name) => consent.includes(name));
  if (consent.length === 0 && facts.rules !== undefined) return 'rules that nobody needs';
  return same(ruled, said.remembered) ? undefined : 'other approvals are remembered';
}

/** What is recorded of the payload, how long a held request waits, and which checks looked at something. */
function recordFault({ checks, facts }: Decision, said: Recorded): string | undefined {
  if ([facts, ...checks].some((fact) => Object.values(fact).includes(undefined)))
    return 'a member without a value';
  const { fields, consent, session, once, deadline, always } = facts;
  const recorded = { fields, consent, session, once, deadline, always };
  if (JSON.stringify(recorded) !== JSON.stringify(said.payload)) return 'other facts';
  const looked = checks.filter(({ result }) => result !== 'skip').map(({ check }) => check);
  return looked.join() === said.looked.join() ? undefined : `other checks look: ${looked.join()}`;
}

function bucketFault({ facts }: Decision, said: Expected, scenario: Scenario): string | undefined {
  const { bucket: requests, buckets: { updates, connection, identity } = {} } = facts;
  const { of = 'requests' } = said;
  const { [of]: bucket, ...others } = { requests, updates, connection, identity };
  if (Object.values(others).some((other) => other !== undefined))
    return 'tokens of something else are counted';
  if (said.tokens === undefined)
    return bucket === undefined ? undefined : 'tokens are counted that are not to be';
  if (bucket === undefined) return 'no tokens are counted';
  const { tokens, at } = bucket;
  if (tokens < 0) return 'tokens are negative';
  if (at !== countedAt(scenario, of)) return 'counted at another time';
  return Math.abs(tokens - said.tokens / hourMs) < 1e-6 ? undefined : 'another count of tokens';
}
