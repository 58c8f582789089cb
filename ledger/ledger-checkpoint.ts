import { equalBytes } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import { type ChainEnd, type LedgerIdentity, lastKey } from './chain-end.ts';
import { ledgerLog, ledgerOrigin, openCheckpoint, signCheckpoint } from './checkpoint.ts';
import { rootOf } from './tree.ts';

/** Signs what a ledger holds up to this end: a note, as witnesses and pins keep it. */
export function checkpointOf(signer: Signer, { id }: LedgerIdentity, { tree }: ChainEnd): string {
  const { size } = tree;
  return signCheckpoint(signer, { origin: ledgerOrigin(id), size, root: rootOf(tree) });
}

/** Whether a note is the checkpoint of exactly this end, signed with the key in force there. */
export function isCheckpointOf(note: string, { id }: LedgerIdentity, end: ChainEnd): boolean {
  const opened = openCheckpoint(note, ledgerLog(id, [lastKey(end.keys)]));
  if (!opened.ok) return false;
  const { size, root } = opened.checkpoint;
  return size === end.size && equalBytes(root, rootOf(end.tree));
}
