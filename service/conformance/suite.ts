import { accountRules } from './account-rules.ts';
import { contractRules } from './contract-rules.ts';
import { awayRules, deliveryRules } from './delivery-rules.ts';
import { envelopeRules } from './envelope-rules.ts';
import { epochRules } from './epoch-rules.ts';
import { eventRules } from './event-rules.ts';
import { handoverRules } from './handover-rules.ts';
import { askingRules, handshakeRules, severedRules } from './handshake-rules.ts';
import { keptRules } from './kept-rules.ts';
import { Lab, type LabOptions } from './lab.ts';
import { movedRules } from './moved-rules.ts';
import { msgpackRules } from './msgpack-rules.ts';
import { profilePartyRules, profileRules } from './profile-rules.ts';
import { reasonsRules } from './reasons-rules.ts';
import { receiptRules } from './receipt-rules.ts';
import { rekeyRules } from './rekey-rules.ts';
import { rememberedRules } from './remembered-rules.ts';
import { renewalRules } from './renewal-rules.ts';
import { requestsRules } from './requests-rules.ts';
import {
  inviteeRules,
  routingRules,
  severedRules as severedRoutingRules,
} from './routing-rules.ts';
import { NotApplicable, type Rule, Unavailable } from './rule.ts';
import { sentRules } from './sent-rules.ts';
import { storageRules } from './storage-rules.ts';
import { subjectsRules } from './subjects-rules.ts';
import { updateRules } from './update-rules.ts';

/** What a rule came to. */
export type Result = Omit<Rule, 'check'> &
  (
    | { readonly result: 'passed' }
    | { readonly result: 'failed'; readonly expected: string; readonly came: string }
    | { readonly result: 'skipped' | 'not_applicable'; readonly why: string }
  );

/**
 * Every rule, in the order in which they are tried: what an invitee may do, before there is a
 * connection; how it asks to connect; what a party may do; and at last what parts them.
 */
export const rules: readonly Rule[] = [
  ...inviteeRules,
  ...profileRules,
  ...askingRules,
  ...eventRules,
  ...msgpackRules,
  ...envelopeRules,
  ...epochRules,
  ...sentRules,
  ...subjectsRules,
  ...routingRules,
  ...contractRules,
  ...reasonsRules,
  ...receiptRules,
  ...deliveryRules,
  ...keptRules,
  ...requestsRules,
  ...storageRules,
  ...updateRules,
  ...rememberedRules,
  ...handshakeRules,
  ...accountRules,
  ...renewalRules,
  ...profilePartyRules,
  ...rekeyRules,
  ...handoverRules,
  ...movedRules,
  ...awayRules,
  ...severedRules,
  ...severedRoutingRules,
];

/**
 * Tries the chosen rules on a vault, one after another.
 * @param heard - told each result as it comes
 */
export async function trySuite(
  options: LabOptions,
  chosen: readonly Rule[] = rules,
  heard: (result: Result) => void = () => {},
): Promise<Result[]> {
  const ids = new Set(chosen.map(({ id }) => id));
  const lab = new Lab({ ...options, cases: ({ id }) => ids.has(id) });
  try {
    const results: Result[] = [];
    for (const rule of chosen) {
      const result = await tryRule(lab, rule);
      results.push(result);
      heard(result);
    }
    return results;
  } finally {
    await lab.close();
  }
}

/** Tries one rule. Whatever goes wrong on the way is a failure of the vault's, and is told. */
export async function tryRule(lab: Lab, { check, ...about }: Rule): Promise<Result> {
  try {
    const fault = await check(lab);
    return fault === undefined
      ? { ...about, result: 'passed' }
      : { ...about, result: 'failed', ...fault };
  } catch (error) {
    if (error instanceof Unavailable) return { ...about, result: 'skipped', why: error.message };
    if (error instanceof NotApplicable)
      return { ...about, result: 'not_applicable', why: error.message };
    const came = error instanceof Error ? error.message : String(error);
    return { ...about, result: 'failed', expected: 'the rule could be tried', came };
  }
}
