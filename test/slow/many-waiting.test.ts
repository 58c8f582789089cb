import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Owner, retailer, type Service, TestHouse } from '../harness.ts';
import { ledgerWhen, ofKind } from '../ledger-view.ts';
import { RawPeer } from '../raw-peer.ts';

const birth = 'personal/date_of_birth';
/** Ending one takes three records: more than one commit holds. */
const many = 350;

let house: TestHouse;
let owner: Owner;
let service: Service;
let peer: RawPeer;

beforeAll(async () => {
  house = await TestHouse.create();
  await house.open();
  owner = await house.owner();
  await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
  const limits = { requests_per_hour: 1, burst: many };
  service = await house.connectService(owner, { ...(await retailer()), limits });
  peer = await RawPeer.connect(service.connection, house.vine.url);
});
afterAll(async () => {
  await peer?.close();
  await house?.destroy();
});

/** More than one answer holds: they come in pages. */
async function waitingRequests(): Promise<number> {
  let count = 0;
  for (let from: string | null | undefined; from !== null; ) {
    const page = (await owner.served('owner.pending', from === undefined ? {} : { from })) as {
      readonly requests: readonly unknown[];
      readonly next: string | null;
    };
    count += page.requests.length;
    from = page.next;
  }
  return count;
}

it('a service lets hundreds of requests wait for the owner, who ends them with one word', async () => {
  const sealed = Array.from({ length: many }, () => peer.seal('data.request', { fields: [birth] }));
  for (const one of sealed) peer.publish(one);
  await Promise.all(sealed.map(({ id }) => peer.answer(id)));
  expect(await waitingRequests()).toBe(many);
  await owner.served('owner.sever', { connection: service.connection.invite.connection });
  const records = await ledgerWhen(house, (found) => ofKind(found, 'expired').length === many);
  for (const { body } of ofKind(records, 'expired')) expect(body.reason).toBe('connection_severed');
  const answers = await Promise.all(sealed.map(({ id }) => peer.answer(id, 1)));
  for (const { answer } of answers) expect(answer).toMatchObject({ code: 'connection_severed' });
  expect(house.failures).toEqual([]);
});
