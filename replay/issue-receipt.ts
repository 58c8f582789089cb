import { type ChainEnd, lastKey } from '../ledger/chain-end.ts';
import { LedgerError } from '../ledger/errors.ts';
import { checkpointOf } from '../ledger/ledger-checkpoint.ts';
import { toHex } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import { signStatement } from '../wire/statement.ts';
import { type LedgerSource, ProofReader } from './proof-reader.ts';
import { makeReceipt } from './receipt.ts';
import { pickConnection, type Range } from './receipt-connection.ts';
import { pickEvent } from './receipt-event.ts';
import type { Receipt } from './receipt-format.ts';

/** Who signs a receipt. */
export type Issuer = {
  /** Signer for a key of the ledger (32 bytes); `undefined` where it is not held. */
  readonly signerFor: (publicKey: Uint8Array) => Signer | undefined;
  /** A signed note of the tree at this end, with whatever cosignatures it has; by default a fresh one without. */
  readonly checkpoint?: (end: ChainEnd) => Promise<string>;
};

/**
 * A receipt of one event, or of one record that belongs to none.
 * @param event - event id, event key, or index of a record
 * @param disclose - gives the keys of its records too, so that whoever has the receipt can read them
 * @throws ReplayError when there is no such event, or nothing that a receipt could say about it
 * @throws LedgerError when the ledger is not whole; FOREIGN when the issuer does not hold the key in force
 */
export async function receiptOfEvent(
  source: LedgerSource,
  issuer: Issuer,
  event: string,
  disclose: boolean,
): Promise<Receipt> {
  const reader = new ProofReader(source);
  const { about, records, statements } = await pickEvent(source, reader, event, disclose);
  const signer = signerInForce(issuer, reader.end);
  const ledger = toHex(source.identity.id);
  const signed = statements.map((said) => signStatement(signer, { ...said, ledger }));
  const picked = { about, records, statements: signed };
  return makeReceipt(source, reader, picked, await checkpoint(source, issuer, reader.end));
}

/**
 * A receipt that shows every record of one connection between two moments. It opens them to whoever has
 * it, all but those that hold keys: how many stand before a record is sealed with what it says.
 * @throws as `receiptOfEvent`
 */
export async function receiptOfConnection(
  source: LedgerSource,
  issuer: Issuer,
  connection: string,
  range: Range = {},
): Promise<Receipt> {
  const reader = new ProofReader(source);
  const records = await pickConnection(reader, connection, range);
  const picked = { about: 'connection' as const, records, statements: [] };
  return makeReceipt(source, reader, picked, await checkpoint(source, issuer, reader.end));
}

async function checkpoint(
  { identity }: LedgerSource,
  issuer: Issuer,
  end: ChainEnd,
): Promise<string> {
  return issuer.checkpoint?.(end) ?? checkpointOf(signerInForce(issuer, end), identity, end);
}

function signerInForce({ signerFor }: Issuer, { keys }: ChainEnd): Signer {
  const signer = signerFor(lastKey(keys));
  if (signer !== undefined) return signer;
  throw new LedgerError('FOREIGN', 'the key in force in this ledger is not held here');
}
