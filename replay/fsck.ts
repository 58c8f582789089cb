import type { LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError, type LedgerErrorCode } from '../ledger/errors.ts';
import type { Pinned } from '../ledger/pinned.ts';
import { type Ending, type HealParts, healed } from './heal.ts';
import { type Verified, type VerifyReport, verifyLedger } from './verify.ts';

/** What is the matter with a ledger. */
export type Diagnosis = VerifyReport;

/**
 * Says what has happened to a ledger, if anything, as far as it can be told without a copy.
 * @param store - `undefined` when nothing can be read: `why` says so to a person
 */
export async function diagnose(
  store: CommitStore | undefined,
  identity: LedgerIdentity,
  pinned: readonly Pinned[],
  why = 'there is no ledger',
): Promise<Diagnosis> {
  if (store !== undefined) return verifyLedger(store, identity, { pinned });
  return {
    ok: false,
    class: 'store_lost',
    code: 'STORE_UNAVAILABLE',
    index: 0,
    sequence: 1,
    message: why,
    verified: { records: 0, commits: 0 },
  };
}

/** How a healing would end. */
export type Outcome =
  | Ending
  /** Whole by itself, but a pin has seen something else, or more. */
  | { readonly kind: 'pinned'; readonly code: LedgerErrorCode; readonly why: string };

/** What a copy would make of a ledger. */
export type Plan = {
  /** The diagnosis again, now that there is something to compare with. */
  readonly diagnosis: Diagnosis;
  readonly ending: Outcome;
  /** Whether the healed ledger is another than the one that is there. */
  readonly heals: boolean;
};

const pinCodes: ReadonlySet<LedgerErrorCode> = new Set(['FORKED', 'ROLLED_BACK', 'PIN_INVALID']);

/** Goes through a healing without writing anything. */
export async function planHealing(
  parts: HealParts,
  found: Diagnosis,
  onProgress: (verified: Verified) => void = () => {},
): Promise<Plan> {
  try {
    return planOf(found, await rehearse(parts, onProgress));
  } catch (error) {
    if (!(error instanceof LedgerError && pinCodes.has(error.code))) throw error;
    const { code, message: why } = error;
    return planOf(found, { kind: 'pinned', code, why });
  }
}

async function rehearse(
  parts: HealParts,
  onProgress: (verified: Verified) => void,
): Promise<Ending> {
  const healing = healed(parts);
  for (let commits = 1; ; commits++) {
    const next = await healing.next();
    if (next.done === true) return next.value;
    onProgress({ records: next.value.end.size, commits });
  }
}

function planOf(found: Diagnosis, ending: Outcome): Plan {
  if (ending.kind === 'forked') {
    const { index } = ending;
    const message = 'the ledger and its copy have gone on each for itself';
    return {
      diagnosis: otherwise(found, { class: 'forked', code: 'FORKED', index, message }),
      ending,
      heals: false,
    };
  }
  if (ending.kind !== 'whole') return { diagnosis: found, ending, heals: false };
  const { size } = ending.end;
  if (!found.ok || found.records === size) return { diagnosis: found, ending, heals: !found.ok };
  const message = `the copy has ${size} records, and here are ${found.records}`;
  const index = found.records;
  return {
    diagnosis: otherwise(found, { class: 'rolled_back', code: 'ROLLED_BACK', index, message }),
    ending,
    heals: true,
  };
}

type Finding = Pick<Diagnosis & { ok: false }, 'class' | 'code' | 'index' | 'message'>;

/** What was whole by itself, and is not beside the copy. */
function otherwise(found: Diagnosis, finding: Finding): Diagnosis {
  if (!found.ok) return { ...found, ...finding };
  const { records, commits } = found;
  return { ok: false, ...finding, sequence: commits, verified: { records, commits } };
}
