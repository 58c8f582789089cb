/* The ledger that the receipts beside it were made of, and how they are made of it. */
import { readFileSync } from 'node:fs';
import { ledgerIdOf } from '../../ledger/chain.ts';
import { MemoryStore } from '../../ledger/testing/memory-store.ts';
import { type Issuer, receiptOfConnection, receiptOfEvent } from '../../replay/issue-receipt.ts';
import type { LedgerSource } from '../../replay/proof-reader.ts';
import type { Receipt } from '../../replay/receipt-format.ts';
import { equalBytes, fromBase64, fromHex } from '../../wire/bytes.ts';
import { signerFrom } from '../../wire/crypto.ts';

/** What `receipts/ledger.json` holds. Everything in it is made up. */
export type FixtureLedger = {
  /** Seeds of the ledger's keys, hex, in their order. */
  readonly seeds: readonly string[];
  /** Keys of the scopes, hex, by scope id. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Base64, in their order. */
  readonly commits: readonly string[];
  /** How many of them stand before the key changes. */
  readonly beforeRotation: number;
  /** Event keys of what is told in it, by name; and the connection's id. */
  readonly events: Readonly<Record<'served' | 'refused' | 'approved' | 'rotated', string>>;
  readonly connection: string;
};

/** Receipts by the name of their file. */
export const receiptNames = ['plain', 'disclosed', 'refused', 'rotated', 'connection'] as const;
/** Name of a receipt's file. */
export type ReceiptName = (typeof receiptNames)[number];

/** The text of a file beside the receipts. */
export function fixtureText(name: string): string {
  return readFileSync(new URL(`receipts/${name}.json`, import.meta.url), 'utf8');
}

/** The ledger of the receipts. */
export function fixtureLedger(): FixtureLedger {
  return JSON.parse(fixtureText('ledger')) as FixtureLedger;
}

/** The ledger's first key, 32 bytes: all that a reader of its receipts has to know. */
export function firstKey({ seeds }: FixtureLedger): Uint8Array {
  return signerFrom(fromHex(seeds[0] ?? '')).publicKey;
}

/** Makes one of the receipts anew. */
export function makeAgain(ledger: FixtureLedger, name: ReceiptName): Promise<Receipt> {
  const { events, connection } = ledger;
  const before = sourceOf(ledger, ledger.beforeRotation);
  const issuer = issuerOf(ledger);
  switch (name) {
    case 'plain':
      return receiptOfEvent(before, issuer, events.served, false);
    case 'disclosed':
      return receiptOfEvent(before, issuer, events.approved, true);
    case 'refused':
      return receiptOfEvent(before, issuer, events.refused, true);
    case 'rotated':
      return receiptOfEvent(sourceOf(ledger), issuer, events.rotated, true);
    case 'connection':
      return receiptOfConnection(before, issuer, connection, { to: { index: 14 } });
  }
}

function sourceOf({ commits, scopes, ...ledger }: FixtureLedger, count?: number): LedgerSource {
  const publicKey = firstKey({ commits, scopes, ...ledger });
  return {
    store: new MemoryStore(commits.slice(0, count).map(fromBase64)),
    identity: { id: ledgerIdOf(publicKey), publicKey },
    keys: (scope) => {
      const key = scopes[scope];
      return key === undefined ? undefined : fromHex(key);
    },
  };
}

function issuerOf({ seeds }: FixtureLedger): Issuer {
  const signers = seeds.map((seed) => signerFrom(fromHex(seed)));
  return {
    signerFor: (publicKey) => signers.find((one) => equalBytes(one.publicKey, publicKey)),
  };
}
