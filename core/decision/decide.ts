import type { ReceivedEvent } from '../../ledger/bodies.ts';
import {
  type Check,
  type CheckName,
  checkNames,
  type Decision,
  type DecisionFacts,
} from '../../ledger/decision.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import { type CheckFunction, type Found, skip } from './check-result.ts';
import { retentionCheck } from './check-retention.ts';
import { tierCheck } from './check-tier.ts';
import { contractCheck, fieldsCheck, optionalCheck } from './checks-contract.ts';
import {
  connectionCheck,
  envelopeCheck,
  freshnessCheck,
  senderCheck,
  stillFreshCheck,
} from './checks-identity.ts';
import { permissionCheck } from './checks-permission.ts';
import { rateCheck } from './checks-rate.ts';
import { eventTypeCheck, payloadCheck } from './checks-request.ts';
import { type CheckContext, contextOf } from './context.ts';
import { coolingAfter } from './cooling.ts';
import { payloadFacts } from './facts.ts';
import { identityChecks, type Round } from './round.ts';

/** Every check but the one that counts tokens. */
const byName: Readonly<Record<Exclude<CheckName, 'rate'>, CheckFunction>> = {
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
  tier: tierCheck,
};
const termsChecks: ReadonlySet<CheckName> = new Set([
  'contract',
  'permission',
  'fields',
  'optional',
  'retention',
]);

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
  const context = contextOf(state, received, time, round);
  const checks: Check[] = [];
  let failed: Check | undefined;
  let counted: DecisionFacts = {};
  for (const name of checkNames) {
    let found: Found;
    if (name === 'rate') {
      const early = failed !== undefined && identityChecks.has(failed.check);
      ({ found, facts: counted } = rateCheck(context, early));
    } else found = runs(name, context, failed);
    const check = named(name, found);
    checks.push(check);
    if (check.result === 'fail') failed ??= check;
  }
  return conclude(context, checks, failed, counted);
}

/** The same as a spread, which is slow thirteen times over. */
function named(check: CheckName, { result, reason, detail, inputs }: Found): Check {
  if (detail === undefined) return { check, result, inputs };
  return reason === undefined
    ? { check, result, detail, inputs }
    : { check, result, reason, detail, inputs };
}

/** Runs a check, unless an earlier one failed or this round or sender leaves it out. */
function runs(
  name: Exclude<CheckName, 'rate'>,
  context: CheckContext,
  failed: Check | undefined,
): Found {
  if (failed !== undefined) return skip('an earlier check failed');
  if (context.round === 'again') {
    if (name === 'freshness') return stillFreshCheck(context);
    if (identityChecks.has(name)) return skip('checked when it arrived');
  }
  if (context.wireType !== undefined && termsChecks.has(name)) return skip('not under a contract');
  return byName[name](context);
}

function conclude(
  context: CheckContext,
  checks: readonly Check[],
  failed: Check | undefined,
  counted: DecisionFacts,
): Decision {
  const outcome = outcomeOf(checks, failed);
  const fits = checks.some(({ check, result }) => check === 'payload' && result === 'pass');
  const told = fits ? payloadFacts(context, outcome, counted) : counted;
  const cooling = coolingAfter(context, outcome, checks);
  const facts = cooling === undefined ? told : { ...told, cooling };
  if (failed !== undefined) {
    const { reason = 'internal', detail = '' } = failed;
    return { outcome, reason, detail, checks, facts };
  }
  return context.handler === undefined
    ? { outcome, checks, facts }
    : { outcome, handler: context.handler.manifest.name, checks, facts };
}

function outcomeOf(checks: readonly Check[], failed: Check | undefined): Decision['outcome'] {
  if (failed !== undefined) return 'denied';
  return checks.some(({ result }) => result === 'hold') ? 'pending' : 'allowed';
}
