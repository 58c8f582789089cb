import type { CheckName } from '../../ledger/decision.ts';

/** Which decision is asked for. */
export type Round =
  /** The event has just arrived. */
  | 'first'
  /**
   * Checks 4 to 11 once more, on the state of now, and whether the event has expired: when the owner
   * approves, before a result takes effect.
   */
  | 'again';

/** Checks of who says it and when: what fails here, somebody else may have caused. */
export const identityChecks: readonly CheckName[] = ['envelope', 'sender', 'freshness'];
