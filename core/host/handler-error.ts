/** What is wrong with a handler before it ever runs a call. */
export type HandlerErrorCode =
  | 'MANIFEST_UNREADABLE'
  | 'MANIFEST_INVALID'
  | 'PROGRAM_MISSING'
  | 'NAME_TAKEN'
  | 'TYPE_TAKEN'
  | 'TYPE_RESERVED'
  | 'SANDBOX_WEAK'
  | 'START_FAILED';

/**
 * A handler that cannot be loaded or started. What goes wrong in a call is an outcome, never thrown.
 *
 * `MANIFEST_UNREADABLE`: no file, too large, or no JSON.
 * `MANIFEST_INVALID`: it does not fit the manifest's schema, or its parts do not fit one another.
 * `PROGRAM_MISSING`: the program it names is not there; a build may be due.
 * `NAME_TAKEN`, `TYPE_TAKEN`: another handler has this name, or serves this event type.
 * `TYPE_RESERVED`: it declares an event type of the standard's own.
 * `SANDBOX_WEAK`: this machine cannot keep handlers off the network.
 * `START_FAILED`: the process did not come up, or did not say who it is.
 */
export class HandlerError extends Error {
  override readonly name = 'HandlerError';
  readonly code: HandlerErrorCode;
  /** Name or folder of the handler, where one is meant. */
  readonly handler: string | undefined;

  constructor(code: HandlerErrorCode, message: string, handler?: string, cause?: unknown) {
    super(handler === undefined ? message : `${handler}: ${message}`, { cause });
    this.code = code;
    this.handler = handler;
  }
}
