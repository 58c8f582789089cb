/* A vault that seals and signs whatever it likes. */
import type { Draft } from '../../ledger/bodies.ts';
import { leafOf } from '../../ledger/chain.ts';
import { ledgerOrigin, signCheckpoint } from '../../ledger/checkpoint.ts';
import type { Kind } from '../../ledger/kinds.ts';
import { formatVkey } from '../../ledger/note-key.ts';
import { inclusionRanges } from '../../ledger/proofs.ts';
import { type Place, parseRecord, recordKeyOf, sealRecord } from '../../ledger/record.ts';
import { fixedBytes, identity, signer } from '../../ledger/testing/fixtures.ts';
import { emptyFrontier, extend, rootOf } from '../../ledger/tree.ts';
import { fromBase64, toBase64, toBase64url, toHex } from '../../wire/bytes.ts';
import type { Signer } from '../../wire/crypto.ts';
import { eventId } from '../../wire/identifiers.ts';
import { type SignedStatement, signStatement } from '../../wire/statement.ts';
import {
  type Receipt,
  type ReceiptEvidence,
  type ReceiptRecord,
  receiptType,
} from '../receipt-format.ts';
import { firstKeyOf } from '../receipt-keys.ts';
import type { ReceiptSummary } from '../receipt-summary.ts';
import { summaryOf } from '../verify-receipt.ts';
import { shop, shopScope, storyKeys } from './story-facts.ts';

/** One record of a forged ledger: what it says, and where its seal says that it stands. */
export type Forged = { readonly draft: Draft; readonly place?: Partial<Place> };

/** A checkpoint of any tree, signed by whom one likes. */
export function checkpointOf(
  leaves: readonly Uint8Array[],
  by: Signer = signer,
  ledgerId: Uint8Array = identity.id,
): string {
  const root = rootOf(extend(emptyFrontier, leaves));
  return signCheckpoint(by, { origin: ledgerOrigin(ledgerId), size: leaves.length, root });
}

/** Evidence by a vault that seals whatever it likes, with all keys disclosed: the whole of its ledger. */
export function forgedEvidence(
  forged: readonly Forged[],
  more: Partial<ReceiptEvidence> = {},
): ReceiptEvidence {
  const sealed = forged.map(({ draft, place }, index) => {
    const standing = { ledgerId: identity.id, index, time: 1_000 + index, scopeIndex: index };
    const before = { scopePrevious: index === 0 ? null : fixedBytes(`leaf ${index}`) };
    const nonce = fixedBytes(`nonce ${index}`, 24);
    const key = storyKeys(draft.scope);
    return sealRecord(draft, { ...standing, ...before, ...place }, key, nonce).bytes;
  });
  const leaves = sealed.map(leafOf);
  return {
    statements: [],
    ledger: {
      id: toHex(identity.id),
      key: formatVkey(firstKeyOf(identity.id, identity.publicKey)),
    },
    rotations: [],
    checkpoint: checkpointOf(leaves),
    records: sealed.map((stored, index) => receiptRecord(stored, index, leaves)),
    ...more,
  };
}

/** A receipt of forged evidence, whose summary is what follows from it. */
export function forgedReceipt(
  evidence: ReceiptEvidence,
  about: ReceiptSummary['about'] = 'event',
): Receipt {
  return { type: receiptType, v: 1, summary: summaryOf(evidence, about), ...evidence };
}

function receiptRecord(
  stored: Uint8Array,
  index: number,
  leaves: readonly Uint8Array[],
): ReceiptRecord {
  const parsed = parseRecord(stored, index);
  const proof = inclusionRanges(index, leaves.length).map(({ start, end }) =>
    toBase64(rootOf(extend(emptyFrontier, leaves.slice(start, end)))),
  );
  const key = recordKeyOf(parsed, storyKeys(parsed.header.scope));
  return { index, stored: toBase64(stored), proof, key: toBase64(key) };
}

/** Id of the forged event. */
export const id: string = eventId(1_000, fixedBytes('id', 10));

/** What a forged event says. */
export function received(more: object): unknown {
  const event = { type: 'data.request', contract: { id: 'shop', version: 1, hash: 'x' } };
  return { connection: shop, id, digest: fixedBytes('digest'), event, ...more };
}

/** What a forged decision says. */
export function decided(more: object): unknown {
  const said = { request: `${shop}/${id}`, again: false, outcome: 'denied' };
  return { ...said, reason: 'rate_limited', facts: {}, checks: [], ...more };
}

/** A record of these contents, whatever they are; what is no event follows from the first record. */
export function draft(kind: Kind, body: unknown, cause = 0): Draft {
  const why = kind === 'received' ? {} : { cause };
  return { kind, scope: shopScope, body, ...why } as Draft;
}

/** A request and its refusal. */
export function exchange(): ReceiptEvidence {
  return forgedEvidence([
    { draft: draft('received', received({})) },
    { draft: draft('decided', decided({})) },
  ]);
}

/** What the first key signs about a record of forged evidence. */
export function stated(
  evidence: ReceiptEvidence,
  at: number,
  status: 'served' | 'refused',
): SignedStatement {
  const { stored = '' } = evidence.records[at] ?? {};
  const bytes = fromBase64(stored);
  return signStatement(signer, {
    vault: shop,
    ledger: toHex(identity.id),
    connection: shop,
    event: id,
    type: 'data.request',
    status,
    ...(status === 'refused' ? { code: 'rate_limited' as const } : {}),
    leaf: toBase64url(leafOf(bytes)),
    time: 1_000 + at,
  });
}
