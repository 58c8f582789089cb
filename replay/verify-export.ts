import { LedgerError } from '../ledger/errors.ts';
import type { ExportFile } from './export-file.ts';
import { ExportPass } from './export-pass.ts';
import { type VerifyOptions, type VerifyReport, verifyLedger } from './verify.ts';

/** What the verification of an export found. */
export type ExportReport = VerifyReport & {
  /** How many signed checkpoints of the file fit the ledger in it; all, where it is whole. */
  readonly checkpoints: number;
};

/**
 * Verifies an export from its first byte to its last: the file, the ledger in it, and what the file tells
 * of the ledger. Memory does not grow with the file.
 */
export async function verifyExport(
  file: ExportFile,
  options: VerifyOptions = {},
): Promise<ExportReport> {
  const pass = new ExportPass(file);
  const report = await verifyLedger(pass.store, file.header.ledger, {
    ...options,
    onCommit: (commit) => {
      pass.take(commit);
      options.onCommit?.(commit);
    },
  });
  if (!report.ok) return { ...report, checkpoints: 0 };
  try {
    pass.finish();
    return { ...report, checkpoints: pass.notes.length };
  } catch (error) {
    if (error instanceof LedgerError) return { ...broken(report, error), checkpoints: 0 };
    throw error;
  }
}

/** The ledger is whole, but not the one that the file, or a checkpoint, tells of. */
function broken(
  { records, commits }: VerifyReport & { ok: true },
  error: LedgerError,
): VerifyReport {
  const { code, message, index = records } = error;
  return {
    ok: false,
    class: code === 'ROLLED_BACK' ? 'rolled_back' : 'corrupted',
    code,
    index,
    sequence: commits,
    message,
    verified: { records, commits },
  };
}
