/**
 * A place outside the untrusted store that keeps the last checkpoint of a ledger. What it keeps can
 * be read by anyone; that it cannot be rolled back together with the store is all that it is for.
 */
export type Pin = {
  /** For a person. */
  readonly name: string;
  /** How long it may be behind, in milliseconds, while nobody waits for it. */
  readonly behindMs: number;
  /**
   * The signed note that it keeps; `undefined` when it has never kept one. Absent where a pin cannot be
   * asked: it says only when it is moved whether it has seen more.
   */
  readonly read?: () => Promise<string | undefined>;
  /**
   * Keeps `next` (durable when it resolves) if it keeps `expected` still.
   * @throws LedgerError PIN_CONFLICT when it keeps something else; ROLLED_BACK, FORKED when it has seen more,
   * or other, records: nothing is changed then
   */
  replace(expected: string | undefined, next: string): Promise<void>;
};
