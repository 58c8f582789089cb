import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url } from '../wire/bytes.ts';
import type { Contract } from '../wire/contract.ts';
import { permissionNames } from '../wire/contract-words.ts';
import { verifySignature } from '../wire/crypto.ts';
import type { Permission } from '../wire/manifest.ts';
import type { NoticePage } from '../wire/notice.ts';
import { address, birth, ContractWorld, type Party } from './contract-world.ts';
import { traceOf } from './ledger-view.ts';

const challenge = 'A'.repeat(32);
const home = 'location/home';

/** An event of each type that needs a permission. */
const needing: Readonly<Record<Permission, readonly (readonly [string, object])[]>> = {
  store: [
    ['storage.put', { category: 'orders', key: 'A-1', value: 'v' }],
    ['storage.get', { category: 'orders', key: 'A-1' }],
    ['storage.list', { category: 'orders' }],
    ['storage.delete', { category: 'orders', key: 'A-1' }],
  ],
  messages: [['message.send', { title: 'Hello', text: 'There is news.' }]],
  authentication: [['authentication.request', { challenge }]],
  payment: [['payment.request', { order: 'A-1', amount: 1, currency: 'EUR', payee: 'Acme' }]],
  signatures: [['signature.request', { title: 'Lease', sha256: 'f'.repeat(64) }]],
  identity: [['identity.request', { fields: [birth], challenge }]],
  location: [['location.request', { fields: [home] }]],
};

describe('a permission', () => {
  let world: ContractWorld;
  let generous: Contract;
  let party: Party;

  beforeAll(async () => {
    world = await ContractWorld.create();
    await world.owner.served('owner.set', { field: home, value: '51.5,-0.1' });
    const granted = Object.fromEntries(permissionNames.map((name) => [name, true]));
    generous = {
      ...world.first,
      permissions: granted as Contract['permissions'],
      limits: { ...world.first.limits, notifications_per_hour: 1 },
      storage: { categories: ['orders'], megabytes: 1 },
      fields: [
        ...world.first.fields,
        { name: home, tier: 'on_demand', purpose: 'delivery', retention: 'session' },
      ],
    };
    party = await world.party(generous);
  });
  afterAll(() => world?.destroy());

  /** The owner's yes to a request that waits. */
  async function approve(id: string): Promise<void> {
    const [received] = (await traceOf(world.house, party.id, id)).received;
    const hash = Buffer.from(received?.body.digest ?? []).toString('hex');
    await world.owner.served('owner.approve', { request: `${party.id}/${id}`, hash });
  }

  it.each(permissionNames)('%s: without it nothing that needs it is done', async (permission) => {
    const permissions = { ...generous.permissions, [permission]: false };
    const poor = await world.party({ ...generous, permissions });
    for (const [type, payload] of needing[permission]) {
      const sealed = poor.peer.seal(type, payload);
      const { answer } = await poor.peer.send(sealed);
      expect(answer).toMatchObject({ status: 'refused', code: 'permission_missing' });
      const { decided, handled } = await traceOf(world.house, poor.id, sealed.id);
      expect(decided).toMatchObject([{ outcome: 'denied', reason: 'permission_missing' }]);
      const check = decided[0]?.checks.find(({ check: name }) => name === 'permission');
      expect(check?.inputs).toEqual({ permission, granted: false });
      expect(handled).toEqual([]);
    }
  });

  it('to send messages lets one be shown to the owner, as often as the contract says', async () => {
    const [type, payload] = ['message.send', { title: 'Hello', text: 'There is news.' }];
    const first = party.peer.seal(type, payload);
    expect((await party.peer.send(first)).answer).toMatchObject({
      status: 'served',
      result: { shown: true },
    });
    await expect
      .poll(() => world.heard.find(({ type: heard }) => heard === 'message.received')?.payload)
      .toMatchObject({
        connection: party.id,
        name: 'Acme Retail',
        event: first.id,
        message: payload,
      });
    const { answer } = await party.peer.send(party.peer.seal(type, payload));
    expect(answer).toMatchObject({ status: 'refused', code: 'notification_limit' });
    const told = world.heard.filter(({ type: heard }) => heard === 'message.received');
    expect(told).toHaveLength(1);
    const { notices } = (await world.owner.served('owner.notifications', {
      from: 0,
      count: 200,
    })) as NoticePage;
    const [notice, ...more] = notices.filter((one) => one.about === 'message_received');
    expect(more).toEqual([]);
    expect(notice).toMatchObject({ severity: 'notice', connection: party.id, count: 1 });
    expect(notice?.detail).toBe(`message.send: event ${first.id}`);
    const forged = party.peer.seal(type, { title: 'Two\nlines', text: 'x' });
    expect((await party.peer.send(forged)).answer).toMatchObject({ code: 'schema_invalid' });
  });

  it('to ask where the owner is serves fields of where they are, which no other request does', async () => {
    const { answer } = await party.peer.send(
      party.peer.seal('location.request', { fields: [home] }),
    );
    expect(answer).toMatchObject({ status: 'served', result: { fields: { [home]: '51.5,-0.1' } } });
    const around = await party.peer.send(party.peer.seal('data.request', { fields: [home] }));
    expect(around.answer).toMatchObject({ code: 'schema_invalid' });
    const beside = await party.peer.send(
      party.peer.seal('location.request', { fields: [address] }),
    );
    expect(beside.answer).toMatchObject({ code: 'schema_invalid' });
  });

  it.each([
    ['authentication.request', { challenge }, 'authentication', { challenge }],
    [
      'signature.request',
      { title: 'Lease', sha256: 'f'.repeat(64) },
      'signature',
      { title: 'Lease', sha256: 'f'.repeat(64) },
    ],
    [
      'identity.request',
      { fields: [birth], challenge },
      'identity',
      { challenge, facts: { [birth]: '1815-12-10' } },
    ],
  ])(
    '%s: the owner is asked each time and shown what is signed',
    async (type, payload, purpose, said) => {
      const sealed = party.peer.seal(type, payload);
      expect((await party.peer.send(sealed)).answer).toMatchObject({ status: 'pending' });
      const { requests } = (await world.owner.served('owner.pending')) as {
        requests: { request: string }[];
      };
      const mine = requests.find(({ request }) => request.endsWith(sealed.id));
      expect(mine).toMatchObject({ type, asks: payload });
      await approve(sealed.id);
      const { answer } = await party.peer.answer(sealed.id, 1);
      if (answer.status !== 'served') throw new Error(JSON.stringify(answer));
      const { statement, signature, key } = answer.result as Record<string, string>;
      const bytes = fromBase64url(statement ?? '');
      const domain = `cambium/sign/${purpose}/v1`;
      const [publicKey, signed] = [fromBase64url(key ?? ''), fromBase64url(signature ?? '')];
      expect(verifySignature(publicKey, domain, bytes, signed)).toBe(true);
      expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
        ...said,
        vault: world.house.card.vault,
        party: party.service.connection.invite.party,
        event: sealed.id,
      });
    },
  );

  it('a proof of something that the vault does not hold is refused as a denied one is', async () => {
    const missing = { ...generous, fields: [{ ...generous.fields[0], name: 'personal/passport' }] };
    const fields = missing.fields.map((field) => ({ ...field, tier: 'on_demand' as const }));
    const other = await world.party({ ...generous, fields } as Contract);
    const payload = { fields: ['personal/passport'], challenge };
    const sealed = other.peer.seal('identity.request', payload);
    await other.peer.send(sealed);
    const [received] = (await traceOf(world.house, other.id, sealed.id)).received;
    const hash = Buffer.from(received?.body.digest ?? []).toString('hex');
    await world.owner.served('owner.approve', { request: `${other.id}/${sealed.id}`, hash });
    expect((await other.peer.answer(sealed.id, 1)).answer).toMatchObject({ code: 'refused' });
    const { handled } = await traceOf(world.house, other.id, sealed.id);
    expect(handled).toMatchObject([{ code: 'dropped', reason: 'field_absent' }]);
  });
});
