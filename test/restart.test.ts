import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openVault } from '../cli/wiring.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import { LedgerError } from '../ledger/errors.ts';
import { toHex } from '../wire/bytes.ts';
import type { Answer } from '../wire/messages.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, type Trace, traceIn, traceOf } from './ledger-view.ts';
import { RawPeer } from './raw-peer.ts';

const address = 'personal/shipping_address';
const birth = 'personal/date_of_birth';
const served = { status: 'served', result: { fields: { [birth]: '1815-12-10' } } };

describe('a vault that is stopped, or whose servers are', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;
  /** Hears every answer that the service gets, byte for byte. */
  let ear: RawPeer;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    await owner.served('owner.set', { field: birth, value: '1815-12-10' });
    service = await house.connectService(owner, await retailer());
    ear = await RawPeer.connect(service.connection, house.vine.url);
  });
  beforeEach(async () => {
    house.failures.length = 0;
    if (house.vault === undefined) await house.open();
  });
  afterAll(async () => {
    await ear?.close();
    await house?.destroy();
  });

  const connection = (): string => service.connection.invite.connection;
  const trace = (id: string): Promise<Trace> => traceOf(house, connection(), id);

  /** A request that waits for the owner; gives its event's id. */
  async function hold(expires?: number): Promise<string> {
    const sealed = await service.seal('data.request', { fields: [birth] }, expires);
    expect((await ear.send(sealed)).answer).toMatchObject({ status: 'pending' });
    return sealed.id;
  }

  async function approve(id: string): Promise<Answer> {
    const [received] = (await trace(id)).received;
    const hash = toHex(received?.body.digest ?? new Uint8Array(0));
    return owner.ask('owner.approve', { request: `${connection()}/${id}`, hash });
  }

  /** Everybody at their new places, after the messaging layer has moved. */
  async function moveIn(): Promise<void> {
    await house.restartVine();
    await ear.close();
    ear = await RawPeer.connect(service.connection, house.vine.url, ear);
    await house.open();
    owner = await house.owner();
    service = await house.asService(service.connection);
  }

  async function failure(): Promise<Error> {
    for (;;) {
      const [first] = house.failures;
      if (first !== undefined) return first;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('opens and closes on record, and only with the right passphrase', async () => {
    await house.closeVault();
    const before = await readLedger(house);
    expect(before.at(-1)?.kind).toBe('closed');
    const wrong = openVault({
      pins: [],
      card: house.card,
      roots: rootsFrom('another passphrase', house.sealer, house.card.ledger.id),
      ledger: { url: house.ledger.url, seed: house.ledger.seeds.runtime },
      vine: { url: house.vine.url },
      log: () => {},
      onFailure: () => {},
    });
    await expect(wrong).rejects.toMatchObject({ code: 'RING_LOCKED' });
    expect(await readLedger(house)).toHaveLength(before.length);
    await house.open();
    const [opened] = ofKind((await readLedger(house)).slice(before.length), 'opened');
    expect(opened).toMatchObject({ index: before.length });
    expect(opened?.body.handlers.map(({ manifest }) => manifest.name)).toEqual([
      'attestation',
      'data-request',
      'message-send',
      'payment-request',
      'storage',
    ]);
    expect(opened?.body.measurement).toMatch(/^[0-9a-f]{96}$/);
  });

  it('goes on with a request that was running when it crashed', async () => {
    // A vault that has just opened has no handler running yet: it is still starting when we crash.
    await house.closeVault();
    await house.open();
    const id = await hold();
    expect(await approve(id)).toMatchObject({ status: 'served' });
    await house.vault?.abandon();
    const left = await trace(id);
    expect([left.decided.at(-1)?.outcome, left.handled]).toEqual(['allowed', []]);
    await house.open();
    expect((await ear.answer(id, 1)).answer).toMatchObject(served);
    expect((await trace(id)).handled).toMatchObject([{ code: 'ok', provided: [birth] }]);
  });

  it('does not go on with one that has expired meanwhile', async () => {
    await house.closeVault();
    await house.open();
    const expires = Date.now() + 2_000;
    const id = await hold(expires);
    expect(await approve(id)).toMatchObject({ status: 'served' });
    await house.vault?.abandon();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, expires - Date.now())));
    await house.open();
    expect((await ear.answer(id, 1)).answer).toMatchObject({ status: 'refused', code: 'expired' });
    const { handled, expired } = await trace(id);
    expect(handled).toEqual([]);
    expect(expired).toMatchObject([{ reason: 'expired' }]);
  });

  it('crashed just when it answered, it never answers with other bytes', async () => {
    const sealed = await service.seal('data.request', { fields: [address] });
    const { bytes } = await ear.send(sealed);
    await house.vault?.abandon();
    await house.open();
    const again = await ear.send(sealed);
    expect(again.bytes).toEqual(bytes);
    const { answers, handled } = await trace(sealed.id);
    expect(handled).toHaveLength(1);
    expect(answers.map((answer) => answer.bytes)).toEqual([bytes]);
    for (const heard of ear.answersTo(sealed.id)) expect(heard.bytes).toEqual(bytes);
  });

  it('fenced by a second vault on its ledger, it stops, and the ledger is whole', async () => {
    const first = house.vault;
    // The first may write while the second opens: then the second is the one that is fenced, and tries again.
    await house.open().catch(() => house.open());
    const sealed = await service.seal('data.request', { fields: [address] });
    expect((await ear.send(sealed)).answer).toMatchObject({ status: 'served' });
    // Whichever the first notices earlier: the other's records, or that it has moved the pin.
    expect(((await failure()) as LedgerError).code).toMatch(/^(FENCED|PIN_CONFLICT)$/);
    const { received, decided, handled } = await trace(sealed.id);
    expect([received.length, decided.length, handled.length]).toEqual([1, 1, 1]);
    expect(ear.answersTo(sealed.id)).toHaveLength(1);
    await first?.abandon();
    const again = await service.asked('data.request', { fields: [address] });
    expect(again.answer).toMatchObject({ status: 'served' });
    expect(house.failures).toHaveLength(1);
  });

  it('publishes what it decided while the messaging layer was dead, byte for byte', async () => {
    await house.closeVault();
    await house.open();
    const approved = await hold();
    const waits = await hold(Date.now() + 2_500);
    await approve(approved);
    house.vine.kill('SIGKILL');
    const records = await ledgerWhen(
      house,
      (found) =>
        traceIn(found, connection(), waits).expired.length > 0 &&
        traceIn(found, connection(), approved).handled.length > 0,
    );
    const queued = [waits, approved].map((id) => traceIn(records, connection(), id).answers.at(-1));
    await house.closeVault();
    const sent = ofKind(await readLedger(house), 'sent').flatMap(({ body }) => body.ids);
    expect(queued.filter((answer) => sent.includes(answer?.id ?? ''))).toEqual([]);
    await moveIn();
    const [expired, released] = [await ear.answer(waits), await ear.answer(approved)];
    expect(expired.answer).toMatchObject({ status: 'refused', code: 'consent_expired' });
    expect(released.answer).toMatchObject(served);
    expect([expired.bytes, released.bytes]).toEqual(queued.map((answer) => answer?.bytes));
    await ledgerWhen(house, (found) => {
      const ids = ofKind(found, 'sent').flatMap(({ body }) => body.ids);
      return queued.every((answer) => ids.includes(answer?.id ?? ''));
    });
  });

  it('stops and answers nothing when its ledger’s server is killed, and is well afterwards', async () => {
    const before = (await readLedger(house)).length;
    house.ledger.kill('SIGKILL');
    await house.ledger.exited;
    const lost = await service.seal('data.request', { fields: [address] });
    const answer = service.client.askSealed(lost, { timeoutMs: 30_000 });
    expect(await failure()).toBeInstanceOf(LedgerError);
    expect(house.failures).toMatchObject([{ code: 'STORE_UNAVAILABLE' }]);
    expect(ear.answersTo(lost.id)).toEqual([]);
    await house.vault?.abandon();
    await house.restartLedger();
    expect((await readLedger(house)).length).toBe(before);
    await house.open();
    // The service has been sending it all along.
    expect(await answer).toMatchObject({ status: 'served' });
    expect((await trace(lost.id)).handled).toHaveLength(1);
  });
});
