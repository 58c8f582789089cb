import type { CheckName } from '../../ledger/decision.ts';

/** Which decision is asked for. */
export type Round =
  /** The event has just arrived. */
  | 'first'
  /**
   * Checks 4 to 11 once more, on the state of now, whether the event has expired, and whether what was
   * remembered still stands: when the owner approves, before a result takes effect.
   */
  | 'again';

/** Checks of who says it and when: what fails here, somebody else may have caused. */
export const identityChecks: ReadonlySet<CheckName> = new Set(['envelope', 'sender', 'freshness']);
