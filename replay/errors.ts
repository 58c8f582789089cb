/** What a question to the history can ask wrongly. */
export type ReplayErrorCode =
  /** A record, or a time, that is not there: the ledger ends before it, or begins after it. */
  | 'BEYOND_END'
  | 'BEFORE_START'
  /** A record that belongs to no event. */
  | 'NOT_AN_EVENT'
  /** No event, or no connection, of that name. */
  | 'UNKNOWN_EVENT'
  | 'UNKNOWN_CONNECTION'
  /** Nothing was signed about it, and its records are not to be opened: a receipt would say nothing. */
  | 'NOTHING_SAID'
  /** A record that holds a value or a key: it is never opened to others. */
  | 'NOT_DISCLOSED'
  /** No record of it between these ends. */
  | 'EMPTY_RANGE'
  /** More than one receipt may hold. */
  | 'TOO_MANY'
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
