/** What a question to the history can ask wrongly. */
export type ReplayErrorCode =
  /** A record, or a time, that is not there: the ledger ends before it, or begins after it. */
  | 'BEYOND_END'
  | 'BEFORE_START'
  /** A record that belongs to no event. */
  | 'NOT_AN_EVENT'
  /** Something was erased while it was read. */
  | 'RING_CHANGED';

/** A question that the history has no answer to. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly code: ReplayErrorCode;

  constructor(code: ReplayErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
