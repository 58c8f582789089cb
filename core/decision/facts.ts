import type { Decision, DecisionFacts } from '../../ledger/decision.ts';
import { rulesFor } from './check-tier.ts';
import { type CheckContext, entryAsked, onceKey } from './context.ts';

/** How long a request waits for the owner when its sender sets no shorter limit. */
export const consentWaitMs: number = 7 * 24 * 60 * 60 * 1000;

type Facts = { -readonly [K in keyof DecisionFacts]: DecisionFacts[K] };

/** What was counted, and what the payload says; only where it fits its schema, so that nothing unbounded is recorded. */
export function payloadFacts(
  context: CheckContext,
  outcome: Decision['outcome'],
  counted: DecisionFacts,
): DecisionFacts {
  const { fields, received, time, consent } = context;
  const facts: Facts = {};
  // One by one: members that are added to a spread cost a third of the whole decision.
  if (counted.bucket !== undefined) facts.bucket = counted.bucket;
  if (counted.buckets !== undefined) facts.buckets = counted.buckets;
  if (counted.scopes !== undefined) facts.scopes = counted.scopes;
  if (fields.length > 0) facts.fields = fields;
  if (consent.length > 0) facts.consent = consent;
  if (outcome === 'pending')
    facts.deadline = Math.min(received.event?.expires ?? Infinity, time + consentWaitMs);
  const once = onceKey(context);
  if (once !== undefined) facts.once = once;
  const entry = entryAsked(context);
  if (entry !== undefined) facts.entry = entry;
  if (outcome === 'pending' && context.always) facts.always = true;
  if (outcome !== 'denied') addSession(facts, context);
  if (outcome === 'allowed' && consent.length > 0) addGrounds(facts, context);
  return facts;
}

function addSession(facts: Facts, { fields, declared }: CheckContext): void {
  const session = fields.filter((name) => declared.get(name)?.retention === 'session');
  if (session.length > 0) facts.session = session;
}

/** On what the fields of the consent tier are given: remembered approvals, or the owner's word, which grants anew. */
function addGrounds(facts: Facts, context: CheckContext): void {
  const { consent, round, open, connection } = context;
  const rules = round === 'first' ? rulesFor(context, consent) : open?.facts.rules;
  if (rules !== undefined) {
    facts.rules = rules;
    return;
  }
  const granted = consent.filter(
    (name) => open?.approved?.includes(name) === true && connection?.served.has(name) === true,
  );
  if (granted.length > 0) facts.granted = granted;
}
