import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { address, ContractWorld, type Party } from './contract-world.ts';
import { ofKind, readLedger, traceOf, trailOf } from './ledger-view.ts';
import type { Sealed } from './raw-peer.ts';

describe('a service that goes on asking when its bucket is empty', () => {
  let world: ContractWorld;
  let hasty: Party;
  let calm: Party;

  beforeAll(async () => {
    world = await ContractWorld.create();
    hasty = await world.party({ ...world.first, limits: { requests_per_hour: 1, burst: 1 } });
    calm = await world.party();
  });
  afterAll(() => world?.destroy());

  const ask = async (by: Party, fields: string[]): Promise<Sealed> => {
    const sealed = by.peer.seal('data.request', { fields });
    const { answer } = await by.peer.send(sealed);
    expect(answer).not.toMatchObject({ status: 'pending' });
    return sealed;
  };

  it('is answered each time, and leaves one whole record and one count of all the others', async () => {
    expect(await world.ask(hasty, [address], hasty.service.connection.contract)).toMatchObject({
      status: 'served',
    });
    const first = await ask(hasty, [address]);
    expect((await traceOf(world.house, hasty.id, first.id)).decided).toMatchObject([
      { reason: 'rate_limited' },
    ]);
    const before = (await readLedger(world.house)).length;
    const others: Sealed[] = [];
    for (let count = 0; count < 20; count++) others.push(await ask(hasty, [address]));
    const probe = await ask(hasty, ['health/blood_type']);
    for (const { id } of others)
      expect((await hasty.peer.answer(id)).answer).toMatchObject({ code: 'rate_limited' });
    expect((await hasty.peer.answer(probe.id)).answer).toMatchObject({
      code: 'field_not_in_contract',
    });
    const grown = (await readLedger(world.house)).slice(before);
    expect(grown.filter(({ kind }) => kind !== 'sent')).toEqual([]);
    expect(await world.ask(calm, [address], calm.service.connection.contract)).toMatchObject({
      status: 'served',
    });
    await world.house.closeVault();
    const records = await readLedger(world.house);
    const [counted, ...more] = ofKind(records, 'aggregate').filter(
      ({ body }) => body.connection === hasty.id,
    );
    expect(more).toEqual([]);
    const hash = others.reduce(
      (hashed, { id }) => sha256(hashed, utf8(id)),
      new Uint8Array(32) as Uint8Array,
    );
    expect(counted?.body.counts).toEqual([
      {
        type: 'data.request',
        reason: 'rate_limited',
        count: 20,
        hash,
        first: others[0]?.id,
        last: others.at(-1)?.id,
      },
      expect.objectContaining({ reason: 'field_not_in_contract', count: 1, first: probe.id }),
    ]);
    const entry = trailOf(records).find(({ record }) => record === counted?.index);
    expect(entry).toMatchObject({ kind: 'aggregate', connection: hasty.id, name: 'Acme Retail' });
    await world.house.open();
  });

  it('is on record once more after a restart, and its neighbours were served all the time', async () => {
    const again = await ask(hasty, [address]);
    expect((await traceOf(world.house, hasty.id, again.id)).decided).toHaveLength(1);
  });
});
