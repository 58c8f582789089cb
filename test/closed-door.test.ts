import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VaultEnvironment } from '../cli/wiring.ts';
import { shutReason } from '../core/manager/door.ts';
import { decode, encode, type MsgpackValue } from '../wire/msgpack.ts';
import type { Reason } from '../wire/reasons.ts';
import { address, ContractWorld, type Party } from './contract-world.ts';
import { ledgerWhen, ofKind, readLedger } from './ledger-view.ts';
import type { Sealed } from './raw-peer.ts';

const hourMs = 60 * 60 * 1000;
const request = { fields: [address] };
const another = async (): Promise<string> => 'a'.repeat(96);

describe('a vault that is shut', () => {
  let world: ContractWorld;
  let shop: Party;
  /** What was refused at the door, and what got no answer there. */
  const refused: Sealed[] = [];
  const silent: Sealed[] = [];

  beforeAll(async () => {
    world = await ContractWorld.create();
    shop = await world.party();
    await shop.peer.send(shop.peer.seal('data.request', request));
  });
  afterAll(() => world?.destroy());

  /** Has the vault opened in a way that it does not, does something meanwhile, and gives how it ended. */
  async function whileShut(
    environment: Partial<VaultEnvironment>,
    look: () => Promise<void>,
  ): Promise<unknown> {
    await world.house.closeVault();
    let failure: unknown;
    const opening = world.house.open({
      ...environment,
      whileShut: () =>
        look().catch((error: unknown) => {
          failure = error;
        }),
    });
    const end = await opening.catch((error: unknown) => error);
    world.house.vault = undefined;
    if (failure !== undefined) throw failure;
    return end;
  }

  /** A party, and the owner's app, ask: both are told why nothing happens. */
  async function areTold(code: Reason): Promise<void> {
    const sealed = shop.peer.seal('data.request', request);
    expect((await shop.peer.send(sealed)).answer).toEqual({
      status: 'refused',
      type: 'data.request',
      code,
    });
    refused.push(sealed);
    expect(await world.owner.ask('owner.pending')).toMatchObject({ status: 'refused', code });
  }

  it('because the owner has not approved its image says so, and is the same vault once they have', async () => {
    const critical = shop.peer.seal('payment.request', {
      order: 'A-1',
      amount: 1,
      currency: 'EUR',
    });
    const shut = { measure: another, imageApproved: false };
    const end = await whileShut(shut, async () => {
      await areTold('measurement_unapproved');
      shop.peer.publish(critical);
      await shop.peer.send(shop.peer.seal('data.request', request));
    });
    expect(end).toMatchObject({ code: 'IMAGE_UNAPPROVED' });
    expect(shop.peer.answersTo(critical.id)).toEqual([]);
    await world.house.open({ measure: another, imageApproved: true });
    expect((await shop.peer.answer(critical.id)).answer).toHaveProperty('status');
    await world.house.closeVault();
    // From now on this is the image that it knows.
    await world.house.open({ measure: another, imageApproved: false });
  });

  it('because its clock may be wrong says that it is locked', async () => {
    const time = { wall: () => Date.now() + 2 * hourMs, monotonic: () => performance.now() };
    const end = await whileShut({ time }, () => areTold('vault_locked'));
    expect(end).toMatchObject({ code: 'CLOCK_JUMPED' });
  });

  it('answers nobody whose events it could not take: forged, old, late, or seen before', async () => {
    await world.house.open();
    const known = shop.peer.seal('data.request', request);
    await shop.peer.send(known);
    const { peer } = shop;
    const [one] = peer.answersTo(known.id);
    await whileShut({ measure: async () => 'b'.repeat(96), imageApproved: false }, async () => {
      const broken = peer.seal('data.request', request);
      const parts = [...(decode(broken.bytes) as readonly MsgpackValue[])];
      silent.push(
        peer.seal('data.request', request, { unsigned: true }),
        peer.seal('data.request', request, { sealedFor: 'MessageSpace.another' }),
        peer.seal('data.request', request, { party: `A${'B'.repeat(55)}` }),
        peer.seal('data.request', request, { expires: 1 }),
        { ...broken, bytes: encode(parts.with(0, 2)) },
      );
      for (const sealed of [known, ...silent]) peer.publish(sealed);
      // One after another: what comes before this has been looked at when it is answered.
      await areTold('measurement_unapproved');
    });
    expect(silent.flatMap(({ id }) => peer.answersTo(id))).toEqual([]);
    expect(peer.answersTo(known.id)).toEqual([one]);
  });

  it('goes on answering only so often: under a flood it falls silent', async () => {
    await whileShut({ measure: async () => 'b'.repeat(96), imageApproved: false }, async () => {
      const flood = Array.from({ length: 110 }, () => shop.peer.seal('data.request', request));
      for (const sealed of flood) shop.peer.publish(sealed);
      await shop.peer.answer(flood[99]?.id ?? '');
      expect(await world.owner.ask('owner.pending')).toMatchObject({ status: 'refused' });
      expect(flood.flatMap(({ id }) => shop.peer.answersTo(id))).toHaveLength(100);
    });
  });

  it('because its ledger cannot be written says so, until it is let go of', async () => {
    const { house } = world;
    await house.open({ measure: another });
    await house.ledger.stop();
    const inHand = shop.peer.seal('data.request', request);
    shop.peer.publish(inHand);
    await expect.poll(() => house.failures.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const reason = shutReason(house.failures.at(-1));
    expect(reason).toBe('audit_unavailable');
    await house.vault?.shut('audit_unavailable');
    await areTold('audit_unavailable');
    // It may have been recorded after all.
    shop.peer.publish(inHand);
    await areTold('audit_unavailable');
    expect(shop.peer.answersTo(inHand.id)).toEqual([]);
    await house.vault?.abandon();
    house.vault = undefined;
    await house.restartLedger();
  });

  it('has recorded nothing of it; asked again with the same event, it does what was asked', async () => {
    const { house } = world;
    await house.open({ measure: another });
    const told = new Set([...refused, ...silent].map(({ id }) => id));
    const records = await readLedger(house);
    expect(ofKind(records, 'received').filter(({ body }) => told.has(body.id))).toEqual([]);
    const [first] = refused;
    if (first === undefined) throw new Error('nothing was refused');
    const { answer } = await shop.peer.send(first);
    expect(answer).toMatchObject({ status: 'served', statement: expect.anything() });
    await ledgerWhen(house, (all) =>
      ofKind(all, 'decided').some(({ body }) => body.request.endsWith(first.id)),
    );
  });
});
