/** Why a `nats-server` child could not be brought up. */
export type NatsServerErrorCode = 'LOCKED' | 'START_FAILED' | 'TIMEOUT' | 'UNSUPPORTED_PLATFORM';

/**
 * A `nats-server` child that did not come up.
 *
 * `LOCKED`: another process holds the lock file, so its store directory is in use.
 * `START_FAILED`: it ended before it was ready; `log` says why.
 * `TIMEOUT`: it lived but was not ready in time, and has been killed.
 * `UNSUPPORTED_PLATFORM`: this machine lacks what keeps an embedded server safe.
 */
export class NatsServerError extends Error {
  override readonly name = 'NatsServerError';
  readonly code: NatsServerErrorCode;
  /** Last lines the process wrote, oldest first. */
  readonly log: readonly string[];

  constructor(code: NatsServerErrorCode, message: string, log: readonly string[] = []) {
    super(log.length === 0 ? message : `${message}\n  ${log.join('\n  ')}`);
    this.code = code;
    this.log = log;
  }
}
