import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addressOf,
  connectionRequest,
  newServiceKeys,
  type ServiceConnection,
} from '../service/service-identity.ts';
import { newEventId } from '../service/session.ts';
import { VaultClient } from '../service/vault-client.ts';
import { type AccountProof, type AccountUse, proveAccount } from '../wire/account-proof.ts';
import { fromBase64url } from '../wire/bytes.ts';
import type { Contract } from '../wire/contract.ts';
import { type Signer, signerFrom } from '../wire/crypto.ts';
import { identifierFrom } from '../wire/identifiers.ts';
import type { Invite } from '../wire/messages.ts';
import { accountName } from '../wire/nkey.ts';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, traceIn } from './ledger-view.ts';

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const tenthMs = 101;

describe("a request that names an account of the service's own", () => {
  let house: TestHouse;
  let owner: Owner;
  let contract: Contract;
  const account = signerFrom(random(32));
  const thief = signerFrom(random(32));

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    contract = await retailer();
  });
  afterAll(() => house?.destroy());

  async function knocking(): Promise<ServiceConnection> {
    const invite = (await owner.served('owner.invite', { label: 'Acme' })) as Invite;
    return { keys: newServiceKeys(), invite, contract };
  }

  /** Sends a request with this proof, and gives what was decided about it. */
  async function decided(
    connection: ServiceConnection,
    prove: (use: AccountUse) => AccountProof,
  ): Promise<unknown> {
    await sleep(tenthMs);
    const { vault, connection: id } = connection.invite;
    const client = await VaultClient.connect(await addressOf(connection));
    const honest = await connectionRequest(connection);
    const event = newEventId();
    const use = { vault, connection: id, event, signing: fromBase64url(honest.signing) };
    const payload = { ...honest, account: prove(use) };
    await client.submit(await client.seal({ id: event, type: 'connection.request', payload }));
    await client.close();
    const records = await ledgerWhen(house, (all) => traceIn(all, id, event).decided.length > 0);
    return traceIn(records, id, event).decided[0];
  }

  const named = (key: Signer, proof: AccountProof): AccountProof => ({
    ...proof,
    key: accountName(key.publicKey),
  });

  it.each<[string, (use: AccountUse) => AccountProof]>([
    ["signed by another key than the account's", (use) => named(account, proveAccount(thief, use))],
    ['signed for another vault', (use) => proveAccount(account, { ...use, vault: other() })],
    [
      'signed for another connection',
      (use) => proveAccount(account, { ...use, connection: other() }),
    ],
    ['signed for another event', (use) => proveAccount(account, { ...use, event: newEventId() })],
    [
      "signed for another service's key",
      (use) => proveAccount(account, { ...use, signing: thief.publicKey }),
    ],
  ])('is refused where the account is %s', async (_, prove) => {
    const connection = await knocking();
    const decision = await decided(connection, prove);
    expect(decision).toMatchObject({ outcome: 'denied', reason: 'signature_invalid' });
    const asked = ofKind(await readLedger(house), 'requested').map(({ body }) => body.connection);
    expect(asked).not.toContain(connection.invite.connection);
    // The invite stays good for whoever can prove it.
    const honest = await decided(connection, (use) => proveAccount(signerFrom(random(32)), use));
    expect(honest).toMatchObject({ outcome: 'allowed' });
  });

  it.each<[string, Partial<AccountProof>, string]>([
    ['names no account', { key: `A${'B'.repeat(55)}` }, 'malformed'],
    ['names an account in other letters', { key: 'a'.repeat(56) }, 'schema_invalid'],
    ['has a signature of another length', { signature: 'AA' }, 'schema_invalid'],
    [
      'has a signature that is no base64url in its one form',
      { signature: `${'A'.repeat(85)}B` },
      'malformed',
    ],
  ])('is refused where it %s', async (_, part, reason) => {
    const decision = await decided(await knocking(), (use) => ({
      ...proveAccount(account, use),
      ...part,
    }));
    expect(decision).toMatchObject({ outcome: 'denied', reason });
  });

  it('cannot name the account by which another service is invited', async () => {
    const [mine, theirs] = [await knocking(), await knocking()];
    const decision = await decided(mine, (use) => ({
      ...proveAccount(thief, use),
      key: theirs.invite.party,
    }));
    expect(decision).toMatchObject({ reason: 'signature_invalid' });
  });
});

function other(): string {
  return identifierFrom(random(16));
}
