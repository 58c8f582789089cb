import { readFileSync } from 'node:fs';
import type { Batch } from '../../core/manager/journal.ts';
import type { Draft, HandledBody, InstalledHandler } from '../../ledger/bodies.ts';
import { fixedBytes, signer } from '../../ledger/testing/fixtures.ts';
import { toHex } from '../../wire/bytes.ts';
import { type Contract, signContract } from '../../wire/contract.ts';
import { signerFrom } from '../../wire/crypto.ts';
import { eventId, identifierFrom } from '../../wire/identifiers.ts';

/** Every scope has a key that follows from its id. */
export const storyKeys = (scope: string): Uint8Array => fixedBytes(scope);

export const vault: string = identifierFrom(fixedBytes('vault', 16));
export const owner: string = identifierFrom(fixedBytes('owner', 16));
export const shop: string = identifierFrom(fixedBytes('shop', 16));
export const party: string = `A${'B'.repeat(55)}`;
export const ownScope: string = scopeId('vault');
export const ownerScope: string = scopeId('owner');
export const shopScope: string = scopeId('shop');
export const personalScope: string = scopeId('personal');

export const contract = readJson('examples/retailer.contract.json') as Contract;

/** What is installed. */
export const handlers: readonly InstalledHandler[] = ['data-request', 'payment-request'].map(
  (name) => ({
    manifest: readJson(`handlers/${name}/handler.json`) as InstalledHandler['manifest'],
    digest: toHex(fixedBytes(name)),
  }),
);

/** A run that did nothing. */
export const blankRun: Omit<HandledBody, 'request' | 'handler'> = {
  code: 'ok',
  durationMs: 1.5,
  provided: [],
  refused: [],
  accesses: [],
  effects: [],
};

/** The first commit: a vault with its owner, opened, and what it holds. */
export function birth(batch: Batch): void {
  const shared = { encapsulation: fixedBytes('encapsulation'), signing: fixedBytes('signing') };
  const keys = { ...shared, ledger: signer.publicKey, purposes: { payment: fixedBytes('pay') } };
  const facts: readonly Draft[] = [
    { kind: 'genesis', scope: ownScope, body: { vault, keys, measurement: 'none' } },
    {
      kind: 'connected',
      scope: ownerScope,
      cause: 0,
      body: {
        connection: owner,
        kind: 'owner',
        party: 'owner',
        name: 'owner',
        keys: shared,
        optional: [],
      },
    },
    {
      kind: 'opened',
      scope: ownScope,
      body: {
        writer: fixedBytes('writer', 16),
        measurement: 'none',
        handlers,
        ring: { generation: 3, hash: fixedBytes('ring') },
      },
    },
    stored('personal/shipping_address', '12 Analytical Row'),
    stored('personal/date_of_birth', '1815-12-10'),
  ];
  for (const fact of facts) batch.add(fact);
}

/** The second: a shop, connected. */
export function connect(batch: Batch): void {
  const keys = { signing: fixedBytes('shop signing'), encapsulation: fixedBytes('shop enc') };
  const scope = shopScope;
  const connection = shop;
  const signed = signContract(signerFrom(fixedBytes('shop seed')), contract);
  const expires = batch.time + 86_400_000;
  const name = contract.service.name;
  const event = eventId(batch.time, fixedBytes('knock', 10));
  const secret = { number: 1, key: fixedBytes('epoch'), encapsulationHash: fixedBytes('hash') };
  const opening = {
    recipient: fixedBytes('recipient'),
    encapsulation: fixedBytes('capsule'),
    signature: fixedBytes('opening'),
  };
  const facts: readonly Draft[] = [
    { kind: 'invited', scope, body: { connection, party, label: 'shop', expires } },
    { kind: 'requested', scope, body: { connection, keys, contract: signed, event } },
    {
      kind: 'connected',
      scope,
      body: { connection, kind: 'service', party, name, keys, optional: [] },
    },
    { kind: 'epoch_opened', scope, body: { connection, direction: 'to-vault', ...secret } },
    {
      kind: 'epoch_opened',
      scope,
      body: { connection, direction: 'from-vault', ...secret, opening },
    },
  ];
  for (const fact of facts) batch.add(fact);
}

function stored(field: string, value: string): Draft {
  return { kind: 'stored', scope: personalScope, body: { field, value } };
}

/** A scope's id from its name. */
export function scopeId(name: string): string {
  return toHex(fixedBytes(`scope ${name}`, 16));
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
}
