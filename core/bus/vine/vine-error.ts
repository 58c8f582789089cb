/** What can go wrong between the vault and its messaging layer. */
export type VineErrorCode =
  /** A vault, party or event type that must not go into a subject. */
  | 'BAD_IDENTIFIER'
  /** A time that a credential cannot carry. */
  | 'BAD_TIME'
  /** The server answered that it did not take an account. */
  | 'CLAIMS_REFUSED'
  /** The server did not answer about an account. */
  | 'CLAIMS_UNANSWERED';

/** A broken call to, or a broken answer from, the messaging layer. */
export class VineError extends Error {
  override readonly name = 'VineError';
  readonly code: VineErrorCode;

  constructor(code: VineErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
