import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addressOf,
  connectionRequest,
  newServiceKeys,
  type ServiceConnection,
} from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import { type Contract, signContract } from '../wire/contract.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { Event } from '../wire/event.ts';
import type { Invite } from '../wire/messages.ts';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, traceIn, traceOf, trailOf } from './ledger-view.ts';

const name = 'personal/full_name';
const address = 'personal/shipping_address';
const birth = 'personal/date_of_birth';

describe('a service and a vault connect, and part', () => {
  let house: TestHouse;
  let owner: Owner;
  let contract: Contract;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    contract = await retailer();
  });
  afterAll(() => house?.destroy());

  const invite = async (): Promise<Invite> =>
    (await owner.served('owner.invite', { label: 'Acme' })) as Invite;

  /** Hands over a request to connect, and gives what was decided about it. */
  async function ask(connection: ServiceConnection, payload: unknown) {
    const client = await VaultClient.connect(await addressOf(connection));
    const sealed = await client.seal({ type: 'connection.request', payload });
    await client.submit(sealed);
    await client.close();
    const at = connection.invite.connection;
    const records = await ledgerWhen(
      house,
      (found) => traceIn(found, at, sealed.id).decided.length > 0,
    );
    return { id: sealed.id, trace: traceIn(records, at, sealed.id), records };
  }

  it('a missing required field blocks it, is named, and no longer once it is set', async () => {
    const told = new Promise<Event>((resolve) => {
      owner.client.onEvent = resolve;
    });
    const made = await invite();
    const knocking = await house.knock(made, contract);
    expect(await told).toMatchObject({
      type: 'connection.requested',
      payload: { connection: made.connection, name: 'Acme Retail', missing: [name], contract },
    });
    const accept = { connection: made.connection, optional: [] };
    const sealed = await owner.client.seal({ type: 'owner.accept', payload: accept });
    const answer = await owner.client.askSealed(sealed, { timeoutMs: 15_000 });
    expect(answer).toMatchObject({ status: 'refused', code: 'required_field_missing' });
    expect(answer).toHaveProperty('detail', expect.stringContaining(name));
    const records = await readLedger(house);
    expect(ofKind(records, 'connected').map(({ body }) => body.kind)).toEqual(['owner']);
    expect(trailOf(records).find(({ event }) => event === sealed.id)).toMatchObject({
      decision: 'denied',
      reason: 'required_field_missing',
    });
    await owner.served('owner.set', { field: name, value: 'Ada Lovelace' });
    await owner.served('owner.accept', accept);
    const accepted = await knocking.accepted;
    expect(accepted).toMatchObject({ optional: [], credential: { jwt: expect.any(String) } });
    const [connected] = ofKind(await readLedger(house), 'connected').slice(-1);
    expect(connected?.body).toMatchObject({ kind: 'service', party: made.party });
  });

  it('declined, the service is told `refused`, and can ask no more', async () => {
    const made = await invite();
    const knocking = await house.knock(made, contract);
    await owner.served('owner.decline', { connection: made.connection });
    await expect(knocking.accepted).rejects.toThrow('"code":"refused"');
    await deadWithin(5_000, knocking.connection);
    const records = await readLedger(house);
    expect(ofKind(records, 'declined').at(-1)?.body.connection).toBe(made.connection);
  });

  it('an invite is used once: not by its service again, nor by somebody who copied it', async () => {
    const made = await invite();
    const knocking = await house.knock(made, contract);
    const again = await ask(knocking.connection, await connectionRequest(knocking.connection));
    expect(again.trace.decided).toMatchObject([{ outcome: 'denied', reason: 'duplicate' }]);
    const thief: ServiceConnection = { keys: newServiceKeys(), invite: made, contract };
    const stolen = await ask(thief, await connectionRequest(thief));
    expect(stolen.trace.decided).toMatchObject([{ reason: 'signature_invalid' }]);
    const mine = ofKind(stolen.records, 'requested').filter(
      ({ body }) => body.connection === made.connection,
    );
    expect(mine).toHaveLength(1);
  });

  it('a contract signed by another key is refused on record, and the invite stays good', async () => {
    const made = await invite();
    const connection: ServiceConnection = { keys: newServiceKeys(), invite: made, contract };
    const honest = await connectionRequest(connection);
    const other = signContract(signerFrom(new Uint8Array(randomBytes(32))), contract);
    const foreign = await ask(connection, { ...honest, contract: other });
    expect(foreign.trace.decided).toMatchObject([{ reason: 'sender_subject_mismatch' }]);
    const forged = { ...honest.contract, signature: other.signature };
    const broken = await ask(connection, { ...honest, contract: forged });
    expect(broken.trace.decided).toMatchObject([{ reason: 'signature_invalid' }]);
    const altered = { ...honest.contract, contract: { ...contract, title: 'Other terms' } };
    const edited = await ask(connection, { ...honest, contract: altered });
    expect(edited.trace.decided).toMatchObject([{ reason: 'signature_invalid' }]);
    const good = await ask(connection, honest);
    expect(good.trace.decided).toMatchObject([{ outcome: 'allowed' }]);
  });

  it('with an invite alone nothing else can be sent', async () => {
    const made = await invite();
    const connection: ServiceConnection = { keys: newServiceKeys(), invite: made, contract };
    const client = await VaultClient.connect(await addressOf(connection));
    const sealed = await client.seal({ type: 'payment.request', payload: {} });
    await expect(client.submit(sealed, 1_000)).rejects.toMatchObject({ code: 'NOT_ACCEPTED' });
    await client.close();
    expect((await traceOf(house, made.connection, sealed.id)).received).toEqual([]);
  });

  it('of one vault only: the invite’s credential ends when the new one is used, which stays good', async () => {
    const made = await invite();
    // Tokens carry whole seconds: the acceptance comes in a later one than the invite.
    await sleep(1_100);
    const knocking = await house.knock(made, contract);
    await owner.served('owner.accept', { connection: made.connection, optional: [] });
    const connection = { ...knocking.connection, accepted: await knocking.accepted };
    const service = await house.asService(connection);
    await service.request('data.request', { fields: [name] });
    await deadWithin(5_000, knocking.connection);
    expect(await service.request('data.request', { fields: [name] })).toMatchObject({
      status: 'served',
    });
    await (await house.asService(connection)).client.close();
  });

  it('severed: what waits is answered so, the credential is dead, nothing comes through', async () => {
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    const service = await house.connectService(owner, contract);
    const { connection } = service.connection.invite;
    const held = await service.seal('data.request', { fields: [birth] });
    let told = (): void => {};
    const pending = new Promise<void>((resolve) => {
      told = resolve;
    });
    const answer = service.client.askSealed(held, { timeoutMs: 15_000, onPending: () => told() });
    await pending;
    await owner.served('owner.sever', { connection });
    expect(await answer).toMatchObject({ status: 'refused', code: 'connection_severed' });
    await deadWithin(5_000, service.connection);
    const late = await service.seal('data.request', { fields: [address] });
    await expect(service.client.askSealed(late, { timeoutMs: 300 })).rejects.toThrow();
    const records = await readLedger(house);
    expect(traceIn(records, connection, held.id)).toMatchObject({
      expired: [{ reason: 'connection_severed' }],
      handled: [],
    });
    expect(traceIn(records, connection, late.id).received).toEqual([]);
    const entry = trailOf(records).find(({ event }) => event === held.id);
    expect(entry).toMatchObject({ decision: 'expired', reason: 'connection_severed' });
    // Nor does a restart of the vault let it in again.
    await house.closeVault();
    await house.open();
    await deadWithin(5_000, service.connection);
  });

  async function deadWithin(ms: number, connection: ServiceConnection): Promise<void> {
    const deadline = Date.now() + ms;
    for (;;) {
      const client = await VaultClient.connect(await addressOf(connection, [house.vine.url])).catch(
        () => undefined,
      );
      if (client === undefined) return;
      await client.close();
      if (Date.now() > deadline) throw new Error('the credential is still good');
    }
  }

  it('a service finds its way back after the messaging layer was restarted', async () => {
    const service = await house.connectService(owner, contract);
    await house.closeVault();
    await house.restartVine();
    await house.open();
    const again = await house.asService(service.connection);
    const { id, answer } = await again.asked('data.request', { fields: [address] });
    expect(answer).toMatchObject({ status: 'served' });
    const { handled } = await traceOf(house, service.connection.invite.connection, id);
    expect(handled).toMatchObject([{ code: 'ok', provided: [address] }]);
  });
});
