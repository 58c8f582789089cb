import type { Decision, DecisionFacts } from '../../ledger/decision.ts';
import { consentFields, rulesFor } from './check-tier.ts';
import { type CheckContext, declared, onceKey } from './context.ts';

/** How long a request waits for the owner when its sender sets no shorter limit. */
export const consentWaitMs: number = 7 * 24 * 60 * 60 * 1000;

/** What the payload says; only where it fits its schema, so that nothing unbounded is recorded. */
export function payloadFacts(context: CheckContext, outcome: Decision['outcome']): DecisionFacts {
  const { fields, received, time } = context;
  const once = onceKey(context);
  const consent = consentFields(context);
  const expires = received.event?.expires ?? Number.POSITIVE_INFINITY;
  return {
    ...(fields.length === 0 ? {} : { fields }),
    ...(consent.length === 0 ? {} : { consent }),
    ...(outcome === 'pending' ? { deadline: Math.min(expires, time + consentWaitMs) } : {}),
    ...(once === undefined ? {} : { once }),
    ...(outcome === 'denied' ? {} : sessionFacts(context)),
    ...(outcome === 'allowed' ? grantFacts(context, consent) : {}),
  };
}

function sessionFacts(context: CheckContext): DecisionFacts {
  const session = context.fields.filter((name) => declared(context, name)?.retention === 'session');
  return session.length === 0 ? {} : { session };
}

/** On what the fields of the consent tier are given: remembered approvals, or the owner's word, which grants anew. */
function grantFacts(context: CheckContext, consent: readonly string[]): DecisionFacts {
  if (consent.length === 0) return {};
  if (context.round === 'first') return { rules: rulesFor(context, consent) };
  const { approved = [], facts } = context.open ?? {};
  if (facts?.rules !== undefined) return { rules: facts.rules };
  const granted = consent.filter(
    (name) => approved.includes(name) && context.connection?.served.has(name) === true,
  );
  return granted.length === 0 ? {} : { granted };
}
