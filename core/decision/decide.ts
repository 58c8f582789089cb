import type { ReceivedEvent } from '../../ledger/bodies.ts';
import {
  type Check,
  type CheckName,
  checkNames,
  type Decision,
  type DecisionFacts,
} from '../../ledger/decision.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import { type CheckFunction, skip } from './check-result.ts';
import { contractCheck, fieldsCheck, optionalCheck, retentionCheck } from './checks-contract.ts';
import {
  connectionCheck,
  envelopeCheck,
  freshnessCheck,
  senderCheck,
  stillFreshCheck,
} from './checks-identity.ts';
import { permissionCheck } from './checks-permission.ts';
import { type Counted, rateCheck } from './checks-rate.ts';
import { eventTypeCheck, payloadCheck } from './checks-request.ts';
import { type CheckContext, contextOf, declared, entryAsked, onceKey } from './context.ts';
import { identityChecks, type Round } from './round.ts';

/** How long a request waits for the owner when its sender sets no shorter limit. */
export const consentWaitMs: number = 7 * 24 * 60 * 60 * 1000;

const byName: Readonly<Record<Exclude<CheckName, 'rate' | 'tier'>, CheckFunction>> = {
  envelope: envelopeCheck,
  sender: senderCheck,
  freshness: freshnessCheck,
  connection: connectionCheck,
  event_type: eventTypeCheck,
  payload: payloadCheck,
  contract: contractCheck,
  permission: permissionCheck,
  fields: fieldsCheck,
  optional: optionalCheck,
  retention: retentionCheck,
};
const termsChecks: readonly CheckName[] = [
  'contract',
  'permission',
  'fields',
  'optional',
  'retention',
];

/**
 * Decides about one event: the thirteen checks in their order, each kept with its inputs and result.
 * The first that fails gives the reason. Pure and total: no clock, no randomness, no IO.
 * @param state - everything recorded before the event
 * @param time - time of the event's record, Unix milliseconds
 */
export function decide(
  state: VaultState,
  received: ReceivedEvent,
  time: number,
  round: Round = 'first',
): Decision {
  const context = contextOf(state, received, time);
  const checks: Check[] = [];
  let failed: Check | undefined;
  for (const name of checkNames) {
    if (name === 'rate' || name === 'tier') continue;
    const found = runs(name, context, round, failed) ?? skip('an earlier check failed');
    const check = { check: name, ...found };
    checks.push(check);
    if (check.result === 'fail') failed ??= check;
  }
  const rate = rateCheck(context, round, checks);
  failed ??= rate.check.result === 'fail' ? rate.check : undefined;
  const tier = tierCheck(context, round, failed !== undefined);
  const all = [...checks, rate.check, tier];
  return conclude(context, all, failed, tier.result === 'hold', rate.facts);
}

/** Runs a check, unless an earlier one failed or this round or sender leaves it out. */
function runs(
  name: Exclude<CheckName, 'rate' | 'tier'>,
  context: CheckContext,
  round: Round,
  failed: Check | undefined,
): ReturnType<CheckFunction> | undefined {
  if (failed !== undefined) return undefined;
  if (round === 'again' && name === 'freshness') return stillFreshCheck(context);
  if (round === 'again' && identityChecks.includes(name)) return skip('checked when it arrived');
  if (context.wireType !== undefined && termsChecks.includes(name))
    return skip('not under a contract');
  return byName[name](context);
}

/** Check 13: any field of the consent tier holds the whole request, and so does a type that always asks. */
function tierCheck(context: CheckContext, round: Round, failed: boolean): Check {
  if (failed) return { check: 'tier', ...skip('an earlier check failed') };
  const { fields } = context;
  const always = context.handledType?.consent === true;
  if (fields.length === 0 && !always)
    return { check: 'tier', ...skip('the request asks for no field') };
  const tiers = Object.fromEntries(
    fields.map((name) => [name, declared(context, name)?.tier ?? null]),
  );
  const hold = round === 'first' && (always || Object.values(tiers).includes('consent'));
  const inputs = always ? { tiers, always } : { tiers };
  return { check: 'tier', result: hold ? 'hold' : 'pass', inputs };
}

function conclude(
  context: CheckContext,
  checks: readonly Check[],
  failed: Check | undefined,
  hold: boolean,
  counted: Counted['facts'],
): Decision {
  const fits = checks.some(({ check, result }) => check === 'payload' && result === 'pass');
  const facts = {
    ...counted,
    ...(fits ? payloadFacts(context, hold && failed === undefined) : {}),
  };
  if (failed !== undefined)
    return {
      outcome: 'denied',
      reason: failed.reason ?? 'internal',
      detail: failed.detail ?? '',
      checks,
      facts,
    };
  const handler = context.handler === undefined ? {} : { handler: context.handler.manifest.name };
  return { outcome: hold ? 'pending' : 'allowed', ...handler, checks, facts };
}

/** What the payload says; only where it fits its schema, so that nothing unbounded is recorded. */
function payloadFacts(context: CheckContext, hold: boolean): DecisionFacts {
  const { fields, received, time } = context;
  const once = onceKey(context);
  const entry = entryAsked(context);
  const consent = fields.filter((name) => declared(context, name)?.tier === 'consent');
  const expires = received.event?.expires ?? Number.POSITIVE_INFINITY;
  return {
    ...(fields.length === 0 ? {} : { fields }),
    ...(consent.length === 0 ? {} : { consent }),
    ...(hold ? { deadline: Math.min(expires, time + consentWaitMs) } : {}),
    ...(once === undefined ? {} : { once }),
    ...(entry === undefined ? {} : { entry }),
    ...(hold && context.handledType?.consent === true ? { always: true as const } : {}),
  };
}
