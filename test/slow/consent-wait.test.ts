import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Contract } from '../../wire/contract.ts';
import { type Owner, retailer, type Service, TestHouse } from '../harness.ts';
import { RawPeer } from '../raw-peer.ts';
import { seededRandom } from './seeded-random.ts';

const present = 'personal/date_of_birth';
/** As long a name, so that all that is said about it is as long. */
const absent = 'personal/date_of_death';
const rounds = 40;
const thinkingMs = 150;
/** Far below what an owner takes to decide, far above what a busy machine makes of a few milliseconds. */
const toleranceMs = 250;

let house: TestHouse;
let owner: Owner;
let service: Service;
let peer: RawPeer;

beforeAll(async () => {
  house = await TestHouse.create();
  await house.open();
  owner = await house.owner();
  await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
  await owner.served('owner.set', { field: present, value: '1815-12-10' });
  const base = await retailer();
  const asked = base.fields.find(({ name }) => name === present);
  if (asked === undefined) throw new Error('the contract asks for it');
  const limits = { requests_per_hour: 10_000, burst: 10_000 };
  const fields: Contract['fields'] = [...base.fields, { ...asked, name: absent }];
  service = await house.connectService(owner, { ...base, fields, limits });
  peer = await RawPeer.connect(service.connection, house.vine.url);
});
afterAll(async () => {
  await peer?.close();
  await house?.destroy();
});

type Heard = { readonly bytes: number; readonly ms: number };

/** Asks for one field; the owner says their word after a while. How long and how big the last answer is. */
async function ask(
  field: string,
  word: 'owner.approve' | 'owner.deny',
  ms: number,
): Promise<Heard> {
  const sealed = peer.seal('data.request', { fields: [field] });
  const start = performance.now();
  await peer.send(sealed);
  await new Promise((resolve) => setTimeout(resolve, ms));
  const { requests } = (await owner.served('owner.pending')) as {
    requests: { request: string; hash: string }[];
  };
  const held = requests.find(({ request }) => request.endsWith(sealed.id));
  await owner.served(word, { request: held?.request, hash: held?.hash });
  const { bytes, answer } = await peer.answer(sealed.id, 1);
  expect(answer).toMatchObject({ status: 'refused', code: 'refused' });
  return { bytes: bytes.length, ms: performance.now() - start };
}

it('what the vault has not, and what its owner does not give, look the same and take as long', async () => {
  const random = seededRandom('consent wait');
  const denied: Heard[] = [];
  const lacking: Heard[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ms = random.next() * thinkingMs;
    denied.push(await ask(present, 'owner.deny', ms));
    lacking.push(await ask(absent, 'owner.approve', ms));
  }
  const sizes = new Set([...denied, ...lacking].map(({ bytes }) => bytes));
  expect([...sizes]).toHaveLength(1);
  const times = [denied, lacking].map((heard) =>
    heard.map(({ ms }) => ms).toSorted((a, b) => a - b),
  );
  for (const share of [0.25, 0.5, 0.75]) {
    const [one = 0, other = 0] = times.map((sorted) => sorted[Math.floor(rounds * share)]);
    console.log(
      `${share * 100} % within ${one.toFixed(0)} ms denied, ${other.toFixed(0)} ms lacking`,
    );
    expect(Math.abs(one - other)).toBeLessThan(toleranceMs);
  }
});
