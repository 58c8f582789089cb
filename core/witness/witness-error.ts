/** What keeps a witness from serving. */
export type WitnessErrorCode =
  /** Another process serves from this folder: two would sign two histories. */
  | 'LOCKED'
  /** This machine has no lock that ends with its holder. */
  | 'UNSUPPORTED_PLATFORM'
  /** The key's file does not hold one, or holds that of another name. */
  | 'KEY_MALFORMED'
  /** Others can read the key's file. */
  | 'KEY_EXPOSED'
  /** What it last cosigned for a log is not what it wrote: it does not guess. */
  | 'STATE_DAMAGED'
  /** The address cannot be listened on. */
  | 'ADDRESS';

/** A witness that cannot serve, or must not. */
export class WitnessError extends Error {
  override readonly name = 'WitnessError';
  readonly code: WitnessErrorCode;

  constructor(code: WitnessErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
