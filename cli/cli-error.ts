/** How a command ends: 0 fine, 1 the answer is "no" or something failed, 2 wrong use. */
export type ExitKind = 'failed' | 'usage';

/** An error whose message is meant for the person at the terminal, as it stands. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly kind: ExitKind;

  constructor(kind: ExitKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}
