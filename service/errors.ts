/** What can go wrong for someone who talks to a vault. A refusal by the vault is a value, not an error. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /**
   * `NOT_CONNECTED`: the messaging layer cannot be reached, or does not take the credential.
   * `NOT_ACCEPTED`: the messaging layer did not keep a critical event; it may be sent again.
   * `FULL`: as many events of this type as the messaging layer keeps wait for the vault already.
   * `NO_ANSWER`: nothing came in time; the same event may be sent again.
   * `NOT_NEXT`: a contract that does not follow the one before; no vault would take it.
   * `TOO_LARGE`: this is more than an event holds; nothing of it was sent.
   * `BAD_INVITE`: this is not an invite, or another contract has asked with it.
   */
  readonly code:
    | 'NOT_CONNECTED'
    | 'NOT_ACCEPTED'
    | 'FULL'
    | 'NO_ANSWER'
    | 'NOT_NEXT'
    | 'TOO_LARGE'
    | 'BAD_INVITE';

  constructor(code: ServiceError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
