/** What can be wrong with the audit database or a question put to it. */
export type AuditErrorCode =
  /** Not one query, or a query that reaches beyond the trail. */
  | 'SQL_REFUSED'
  /** DuckDB could not run it: a name or the syntax is wrong, memory ran out. */
  | 'SQL_FAILED'
  | 'SQL_TIMEOUT'
  /** Another process, or this one, has the file open. */
  | 'DATABASE_LOCKED'
  /** Not a DuckDB file, not one of ours, or one that another release made. */
  | 'DATABASE_INVALID'
  /** The rows and the cursor are as they were. */
  | 'LOAD_FAILED'
  /** The database is ahead of the ledger that it is to be loaded from. */
  | 'CURSOR_BEHIND'
  | 'EXPORT_FAILED'
  | 'CLOSED';

/** A refusal or a failure of the audit database; the message is DuckDB's own where there is one. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** `cause` as an AuditError: itself if it is one, else under `code` with the same message. */
export function auditError(code: AuditErrorCode, cause: unknown): AuditError {
  if (cause instanceof AuditError) return cause;
  return new AuditError(code, cause instanceof Error ? cause.message : String(cause), cause);
}
