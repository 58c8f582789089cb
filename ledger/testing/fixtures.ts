import { equalBytes, utf8 } from '../../wire/bytes.ts';
import { type Signer, sha256, signerFrom } from '../../wire/crypto.ts';
import type { Draft, LedgerRecord } from '../bodies.ts';
import { ledgerIdOf } from '../chain.ts';
import type { LedgerIdentity } from '../chain-end.ts';
import type { CommitStore } from '../commit-store.ts';
import { Ledger, type LedgerParts } from '../ledger.ts';
import type { ScopeKeys } from '../record-opener.ts';

/** Bytes that are always the same for one name. */
export function fixedBytes(name: string, length = 32): Uint8Array {
  return sha256(utf8(name)).slice(0, length);
}

export const signer: Signer = signerFrom(fixedBytes('ledger seed'));
/** The one signer, where its key is asked for. */
export const signerFor: LedgerParts['signerFor'] = (publicKey) =>
  equalBytes(publicKey, signer.publicKey) ? signer : undefined;
export const identity: LedgerIdentity = {
  id: ledgerIdOf(signer.publicKey),
  publicKey: signer.publicKey,
};
export const vaultScope: string = 'a0'.repeat(16);
export const otherScope: string = 'b1'.repeat(16);
export const startTime = 1_800_000_000_000;

/** Keys of the two scopes. */
export const keys: ScopeKeys = (scope) =>
  scope === vaultScope || scope === otherScope ? fixedBytes(scope) : undefined;

export const genesis: Draft = {
  kind: 'genesis',
  scope: vaultScope,
  body: {
    vault: 'v1',
    keys: {
      signing: fixedBytes('signing'),
      encapsulation: fixedBytes('encapsulation'),
      ledger: signer.publicKey,
      purposes: {},
    },
    measurement: 'none',
  },
};

/** A small fact. */
export function stored(value: string, scope: string = vaultScope): Draft {
  return { kind: 'stored', scope, body: { field: 'personal/name', value } };
}

export function partsOf(store: CommitStore): LedgerParts {
  let time = startTime;
  return {
    store,
    identity,
    signerFor,
    keys,
    now: () => {
      time += 1;
      return time;
    },
  };
}

/** A ledger with its genesis, durable. */
export async function begin(store: CommitStore): Promise<Ledger> {
  const ledger = await Ledger.create(partsOf(store));
  await ledger.append([genesis]).durable;
  return ledger;
}

/** Opens a store, and gives what it holds as well. */
export async function reopen(
  store: CommitStore,
): Promise<{ ledger: Ledger; records: LedgerRecord[] }> {
  const records: LedgerRecord[] = [];
  const ledger = await Ledger.open(partsOf(store), (record) => records.push(record));
  return { ledger, records };
}

/** Values of the `stored` facts among records. */
export function valuesOf(records: readonly LedgerRecord[]): string[] {
  return records.flatMap((record) => (record.kind === 'stored' ? [record.body.value] : []));
}
