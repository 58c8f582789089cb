import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind } from './ledger-view.ts';
import { RawPeer } from './raw-peer.ts';

const birth = 'personal/date_of_birth';
/** With three records each, more than one commit holds. */
const many = 400;

describe('a service lets hundreds of requests wait for the owner', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;
  let peer: RawPeer;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    const limits = { requests_per_hour: 1, burst: 2 * many };
    service = await house.connectService(owner, { ...(await retailer()), limits });
    peer = await RawPeer.connect(service.connection, house.vine.url);
  });
  afterAll(async () => {
    await peer?.close();
    await house?.destroy();
  });

  /** Sends them all, and waits until every one is held. */
  async function crowd(expires?: number): Promise<string[]> {
    const limit = expires === undefined ? {} : { expires };
    const sealed = Array.from({ length: many }, () =>
      peer.seal('data.request', { fields: [birth] }, limit),
    );
    for (const one of sealed) peer.publish(one);
    await Promise.all(sealed.map(({ id }) => peer.answer(id)));
    return sealed.map(({ id }) => id);
  }

  const ended = (records: readonly LedgerRecord[], reason: string): number =>
    ofKind(records, 'expired').filter(({ body }) => body.reason === reason).length;

  it('all that expire in one moment are ended, in as many commits as it takes', async () => {
    const expires = Date.now() + 6_000;
    const ids = await crowd(expires);
    const answers = await Promise.all(ids.map((id) => peer.answer(id, 1)));
    for (const { answer } of answers) expect(answer).toMatchObject({ code: 'consent_expired' });
    await ledgerWhen(house, (found) => ended(found, 'consent_expired') === many);
  });

  it('severed, all of them are ended', async () => {
    await crowd();
    await owner.served('owner.sever', { connection: service.connection.invite.connection });
    await ledgerWhen(house, (found) => ended(found, 'connection_severed') === many);
    expect(house.failures).toEqual([]);
  });
});
