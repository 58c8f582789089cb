import { equalBytes, toHex } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import type { CommitStore } from './commit-store.ts';
import { LedgerError } from './errors.ts';

const attemptsMax = 6;
const firstWaitMs = 50;

/**
 * Makes one commit durable at `expectedLast` + 1, or says why it is not. An append whose answer was
 * lost, refused or called a duplicate is settled by reading that place: our bytes there mean that it
 * landed, other bytes that another writer has the ledger, nothing that it may be tried again.
 * After STORE_UNAVAILABLE the commit may still turn up: only a new opening tells.
 * @throws LedgerError FENCED, STORE_UNAVAILABLE
 */
export async function settleAppend(
  store: CommitStore,
  bytes: Uint8Array,
  expectedLast: number,
): Promise<void> {
  const id = toHex(sha256(bytes));
  let failure: unknown;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (attempt > 0) await wait(firstWaitMs * 2 ** (attempt - 1));
    try {
      if ((await store.append(bytes, expectedLast, id)) === 'appended') return;
    } catch (error) {
      failure = error;
    }
    const found = await readOrUnknown(store, expectedLast + 1);
    if (found === 'unknown' || found === undefined) continue;
    if (equalBytes(found, bytes)) return;
    throw new LedgerError('FENCED', 'another writer has appended to this ledger', {
      sequence: expectedLast + 1,
      cause: failure,
    });
  }
  throw new LedgerError('STORE_UNAVAILABLE', 'the ledger cannot be written', { cause: failure });
}

async function readOrUnknown(
  store: CommitStore,
  sequence: number,
): Promise<Uint8Array | undefined | 'unknown'> {
  try {
    return (await store.read(sequence))?.bytes;
  } catch {
    return 'unknown';
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
