import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Contract, signContract } from '../wire/contract.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { Answer } from '../wire/messages.ts';
import type { PublicReason, Reason } from '../wire/reasons.ts';
import { address, ContractWorld, nextOf, type Party } from './contract-world.ts';
import { ofKind, readLedger, traceOf } from './ledger-view.ts';

describe('what is published as the next version of a contract, and is none', () => {
  let world: ContractWorld;
  let first: Contract;
  let shop: Party;

  beforeAll(async () => {
    world = await ContractWorld.create();
    first = world.first;
    shop = await world.party();
  });
  afterAll(() => world?.destroy());

  /** Publishes what no vault takes, and expects that it is refused, on record and without effect. */
  async function refused(payload: unknown, code: Reason & PublicReason): Promise<void> {
    const sealed = shop.peer.seal('contract.update', payload);
    expect((await shop.peer.send(sealed)).answer).toMatchObject({ status: 'refused', code });
    const { decided } = await traceOf(world.house, shop.id, sealed.id);
    expect(decided).toMatchObject([{ outcome: 'denied', reason: code }]);
    const offers = ofKind(await readLedger(world.house), 'contract_offered');
    expect(offers.filter(({ body }) => body.event === sealed.id)).toEqual([]);
  }

  it('another number, another document before it, another contract or service', async () => {
    const next = nextOf(first);
    await refused(await world.signed(shop, { ...next, version: 3 }), 'contract_version_mismatch');
    const stray = { ...next, previous: '0'.repeat(64) };
    await refused(await world.signed(shop, stray), 'contract_version_mismatch');
    await refused(await world.signed(shop, { ...next, id: 'another' }), 'contract_unknown');
    const service = { ...next.service, id: 'another' };
    shop = await world.party();
    await refused(await world.signed(shop, { ...next, service }), 'contract_unknown');
  });

  it('the version in force once more, one that has run out, or one that another has signed', async () => {
    shop = await world.party();
    await refused(await world.signed(shop, first), 'duplicate');
    await refused(await world.signed(shop, nextOf(first, { expires: 1 })), 'contract_expired');
    const stranger = signerFrom(new Uint8Array(randomBytes(32)));
    const forged = { contract: signContract(stranger, nextOf(first)) };
    await refused(forged, 'sender_subject_mismatch');
    shop = await world.party();
    const own = await world.signed(shop, nextOf(first));
    const edited = { ...own.contract, contract: nextOf(first, { title: 'Edited' }) };
    await refused({ contract: edited }, 'signature_invalid');
    await refused({ contract: { ...own.contract, note: 'x' } }, 'schema_invalid');
    expect(await world.ask(shop, [address], first)).toMatchObject({ status: 'served' });
  });

  it('one version after another, ten an hour: slowed, and the last that was taken still waits', async () => {
    shop = await world.party();
    let last = first;
    const answers: Answer[] = [];
    for (let count = 0; count < 10; count++) {
      const next = nextOf(last);
      const sealed = shop.peer.seal('contract.update', await world.signed(shop, next));
      const { answer } = await shop.peer.send(sealed);
      answers.push(answer);
      if (answer.status === 'pending') last = next;
    }
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array(4).fill('pending'),
      ...Array(6).fill('refused'),
    ]);
    expect(answers.at(-1)).toMatchObject({ code: 'rate_limited' });
    const { updates } = (await world.owner.served('owner.pending')) as {
      updates: { connection: string; after: object; updates_left: number }[];
    };
    const waiting = updates.find(({ connection }) => connection === shop.id);
    expect(waiting).toMatchObject({ after: { version: last.version } });
    expect(waiting?.updates_left).toBeLessThan(1);
  });

  it('a version that somebody has published before is not offered twice', async () => {
    shop = await world.party();
    const next = nextOf(first);
    await world.publish(shop, next);
    await refused(await world.signed(shop, next), 'duplicate');
  });
});
