import { type ChainEnd, lastKey } from '../ledger/chain-end.ts';
import { ledgerOrigin, signCheckpoint } from '../ledger/checkpoint.ts';
import { LedgerError } from '../ledger/errors.ts';
import { rootOf } from '../ledger/tree.ts';
import { equalBytes, toHex } from '../wire/bytes.ts';
import type { Signer } from '../wire/crypto.ts';
import { signStatement } from '../wire/statement.ts';
import { type LedgerSource, ProofReader } from './proof-reader.ts';
import { makeReceipt } from './receipt.ts';
import { pickConnection, type Range } from './receipt-connection.ts';
import { pickEvent } from './receipt-event.ts';
import type { Receipt } from './receipt-format.ts';

/** Who signs a receipt. */
export type Issuer = {
  /** The ledger's key in force: signs statements. */
  readonly signer: Signer;
  /** A signed note of the tree at this end, with whatever cosignatures it has. */
  readonly checkpoint: (end: ChainEnd) => Promise<string>;
};

/** Signs fresh checkpoints with the ledger's key, without cosignatures. */
export function issuerFrom(signer: Signer, ledgerId: Uint8Array): Issuer {
  const origin = ledgerOrigin(ledgerId);
  return {
    signer,
    checkpoint: async ({ tree }) =>
      signCheckpoint(signer, { origin, size: tree.size, root: rootOf(tree) }),
  };
}

/**
 * A receipt of one event, or of one record that belongs to none.
 * @param event - event id, event key, or index of a record
 * @param disclose - gives the keys of its records too, so that whoever has the receipt can read them
 * @throws ReplayError when there is no such event, or nothing that a receipt could say about it
 * @throws LedgerError when the ledger is not whole; FOREIGN when the issuer's key is not in force
 */
export async function receiptOfEvent(
  source: LedgerSource,
  issuer: Issuer,
  event: string,
  disclose: boolean,
): Promise<Receipt> {
  const reader = new ProofReader(source);
  const { about, records, statements } = await pickEvent(source, reader, event, disclose);
  expectInForce(issuer, reader.end);
  const ledger = toHex(source.identity.id);
  const signed = statements.map((said) => signStatement(issuer.signer, { ...said, ledger }));
  const picked = { about, records, statements: signed };
  return makeReceipt(source, reader, picked, await issuer.checkpoint(reader.end));
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
  expectInForce(issuer, reader.end);
  const picked = { about: 'connection' as const, records, statements: [] };
  return makeReceipt(source, reader, picked, await issuer.checkpoint(reader.end));
}

function expectInForce({ signer }: Issuer, { keys }: ChainEnd): void {
  if (!equalBytes(signer.publicKey, lastKey(keys)))
    throw new LedgerError('FOREIGN', 'the ring’s key is not the one in force in this ledger');
}
