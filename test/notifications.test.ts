import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostTime } from '../core/manager/host-clock.ts';
import { contractUpdate } from '../service/contract-update.ts';
import { addressOf } from '../service/service-identity.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { DescribedNotice, NoticePage } from '../wire/notice.ts';
import { address, ContractWorld, nextOf, type Party } from './contract-world.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';

describe('what a vault tells its owner without being asked', () => {
  let world: ContractWorld;
  let prober: Party;
  /** How far the vault's clock is ahead of this machine's, in milliseconds. */
  let ahead = 0;
  const time = {
    wall: () => hostTime.wall() + ahead,
    monotonic: () => hostTime.monotonic() + ahead,
  };

  beforeAll(async () => {
    world = await ContractWorld.create();
    await reopen();
    prober = await world.party();
  });
  afterAll(() => world?.destroy());

  async function reopen(): Promise<void> {
    await world.house.closeVault();
    await world.house.open({ time });
  }
  const page = async (from = 0, count = 200): Promise<NoticePage> =>
    (await world.owner.served('owner.notifications', { from, count })) as NoticePage;
  const about = async (what: string, connection?: string): Promise<DescribedNotice[]> =>
    (await page()).notices.filter(
      (notice) =>
        notice.about === what && (connection === undefined || notice.connection === connection),
    );
  const heard = (what: string): DescribedNotice[] =>
    world.heard
      .filter(({ type }) => type === 'owner.notified')
      .map(({ payload }) => payload as unknown as DescribedNotice)
      .filter((notice) => notice.about === what);
  const probe = async (fields: string[], by = prober): Promise<void> => {
    const answer = await world.ask(by, fields, by.service.connection.contract);
    expect(answer).toMatchObject({ status: 'refused' });
  };

  it('an unauthorised field is told at once, on the wire and in the list, with who and which', async () => {
    await probe(['health/blood_type']);
    const [notice, ...more] = await about('unauthorised');
    expect(more).toEqual([]);
    expect(notice).toMatchObject({
      severity: 'alarm',
      connection: prober.id,
      name: 'Acme Retail',
      count: 1,
    });
    expect(notice?.detail).toContain('health/blood_type');
    expect(heard('unauthorised')).toEqual([notice]);
  });

  it('asked again and again it is counted, also over a restart, and told in one notice later', async () => {
    for (let count = 0; count < 3; count += 1) await probe(['health/blood_type']);
    await reopen();
    await probe(['health/weight']);
    expect(await about('unauthorised')).toHaveLength(1);
    const held = ofKind(await readLedger(world.house), 'notice_held');
    expect(held.filter(({ body }) => body.about === 'unauthorised')).toHaveLength(4);
    ahead += 11 * 60_000;
    await reopen();
    const [, second, ...more] = await about('unauthorised');
    expect(more).toEqual([]);
    expect(second).toMatchObject({ count: 4 });
    expect(second?.detail).toContain('health/weight');
  });

  it('new terms that come too often are told by themselves, beside what they are', async () => {
    const party = await world.party();
    let version = party.service.connection.contract;
    for (let count = 0; count < 4; count += 1) {
      const next = nextOf(version);
      await world.publish(party, next, version);
      version = next;
    }
    const { type, payload } = contractUpdate(
      (await addressOf(party.service.connection)).identity.signer,
      version,
      nextOf(version),
    );
    const { answer } = await party.peer.send(party.peer.seal(type, payload));
    expect(answer).toMatchObject({ status: 'refused', code: 'rate_limited' });
    expect(await about('updates_limited', party.id)).toMatchObject([
      { severity: 'warning', count: 1, detail: expect.stringContaining('contract.update') },
    ]);
    expect(await about('limit_reached', party.id)).toEqual([]);
  });

  it('another party is told of by itself', async () => {
    const other = await world.party();
    await probe(['health/blood_type'], other);
    expect(await about('unauthorised', other.id)).toHaveLength(1);
  });

  it('what somebody else signed is an alarm', async () => {
    const forged = prober.peer.seal(
      'data.request',
      { fields: [address] },
      { signer: signerFrom(new Uint8Array(32).fill(7)) },
    );
    await prober.peer.send(forged);
    expect(await about('forged', prober.id)).toMatchObject([{ severity: 'alarm', count: 1 }]);
  });

  it('a limit that is reached is one warning, and what was only counted is in the next', async () => {
    const limits = { requests_per_hour: 1, burst: 1 };
    const hasty = await world.party({ ...world.first, limits });
    expect(await world.ask(hasty, [address], hasty.service.connection.contract)).toMatchObject({
      status: 'served',
    });
    for (let count = 0; count < 12; count += 1) await probe([address], hasty);
    expect(await about('limit_reached', hasty.id)).toMatchObject([
      { severity: 'warning', count: 1 },
    ]);
    expect(heard('limit_reached')).toHaveLength(1);
    await world.house.closeVault();
    const held = ofKind(await readLedger(world.house), 'notice_held').filter(
      ({ body }) => body.connection === hasty.id,
    );
    expect(held.reduce((sum, { body }) => sum + body.count, 0)).toBe(11);
    await world.house.open({ time });
  });

  it('frozen terms, connections that begin and end: each is told, and stands in the trail', async () => {
    const party = await world.party();
    await world.publish(party, nextOf(party.service.connection.contract));
    await world.owner.served('owner.sever', { connection: party.id });
    const told = (await page()).notices.filter(({ connection }) => connection === party.id);
    expect(told.map((notice) => [notice.about, notice.severity])).toEqual([
      ['connection_made', 'notice'],
      ['contract_frozen', 'warning'],
      ['connection_severed', 'notice'],
    ]);
    const trail = trailOf(await readLedger(world.house)).filter(
      ({ kind, connection }) => kind === 'notified' && connection === party.id,
    );
    expect(trail.map(({ record }) => record)).toEqual(told.map(({ notice }) => notice));
  });

  it('an app that was away reads on from where it was, page by page', async () => {
    const all = (await page()).notices;
    const [first, second] = all;
    const one = await page(0, 1);
    expect(one).toEqual({ notices: [first], next: second?.notice });
    expect((await page(one.next)).notices).toEqual(all.slice(1));
    const { notices, next } = await page((all.at(-1)?.notice ?? 0) + 1);
    expect(notices).toEqual([]);
    await probe(['health/blood_type'], await world.party());
    expect((await page(next)).notices.map((notice) => notice.about)).toEqual([
      'connection_made',
      'unauthorised',
    ]);
  });

  it('a page of nothing, of too much, and of before the beginning are refused', async () => {
    for (const payload of [
      { from: 0, count: 0 },
      { from: 0, count: 201 },
      { from: -1, count: 1 },
    ])
      expect(await world.owner.ask('owner.notifications', payload)).toMatchObject({
        code: 'schema_invalid',
      });
  });

  it('a connection that is forgotten takes what was told about it along', async () => {
    await world.owner.served('owner.sever', { connection: prober.id });
    await world.owner.served('owner.forget', { kind: 'connection', name: prober.id });
    expect(await about('unauthorised', prober.id)).toEqual([]);
    await reopen();
    expect(await about('unauthorised', prober.id)).toEqual([]);
  });
});
