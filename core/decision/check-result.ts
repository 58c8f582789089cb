import type { Check } from '../../ledger/decision.ts';
import type { Reason } from '../../wire/reasons.ts';
import type { CheckContext } from './context.ts';

/** What a check looked at. */
export type Inputs = Check['inputs'];
/** What one check found; its name is added by who runs it. */
export type Found = Omit<Check, 'check'>;
/** One check: a pure function of its context. */
export type CheckFunction = (context: CheckContext) => Found;

/** The check is content. */
export function pass(inputs: Inputs): Found {
  return { result: 'pass', inputs };
}

/** The check refuses the event. */
export function fail(reason: Reason, detail: string, inputs: Inputs): Found {
  return { result: 'fail', reason, detail, inputs };
}

/** There was nothing for the check to look at. */
export function skip(detail: string): Found {
  return { result: 'skip', detail, inputs: {} };
}
