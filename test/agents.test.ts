/* Agents and their owner: a real vault, its servers and its handlers. Its clock can be set forward. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDecisions } from '../replay/check-decisions.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { Answer, Invite } from '../wire/messages.ts';
import type { NoticePage } from '../wire/notice.ts';
import {
  type Agent,
  AgentWorld,
  address,
  agentWith,
  asks,
  grant,
  name,
  oneByOne,
  pays,
  phone,
  scopes,
} from './agent-world.ts';
import { retailer } from './harness.ts';
import { readLedger } from './ledger-view.ts';

const shop = 'shop.example';

let world: AgentWorld;
let agent: Agent;

beforeAll(async () => {
  world = await AgentWorld.create();
  agent = await world.agent();
});

afterAll(async () => {
  await world?.house.closeVault();
  const records = await readLedger(world.house);
  const { differences } = await checkDecisions(oneByOne(records));
  await world.destroy();
  expect(differences).toEqual([]);
});

describe('an agent that its owner has let in', () => {
  it('is shown to them as one, with what it calls itself and what it may do', async () => {
    expect(await world.seen(agent)).toMatchObject({
      ...{ kind: 'agent', status: 'active', name: 'Shopping agent', calls_itself: 'helper 3' },
      contract: { id: `agent.${agent.connection}`, version: 1, agent: { scopes } },
      cooling_until: null,
    });
    expect(agent.vault.contract.agent?.scopes).toEqual(scopes);
  });

  it('is served what a scope gives without asking, toward each of its targets', async () => {
    const served = { status: 'served', result: { fields: { [name]: 'Ada' }, refused: [] } };
    for (const target of [shop, 'www.shop.example', 'a.b.shop.example'])
      expect(await asks(agent, [name], target)).toMatchObject(served);
    expect(await asks(agent, [name], shop, { purpose: 'shopping' })).toMatchObject(served);
  });

  it.each([undefined, 'evil.example', 'evilshop.example', 'SHOP.example', 'shоp.example', 7])(
    'is refused toward %j',
    async (target) => {
      expect(await asks(agent, [name], target)).toMatchObject({ code: 'purpose_mismatch' });
    },
  );

  it('is refused what no scope has, another purpose, another type, and a target that is in no form', async () => {
    expect(await asks(agent, ['health/allergies'], shop)).toMatchObject({
      code: 'field_not_in_contract',
    });
    expect(await asks(agent, [name], shop, { purpose: 'advertising' })).toMatchObject({
      code: 'purpose_mismatch',
    });
    expect(await asks(agent, [phone], 'Shop.example')).toMatchObject({ code: 'purpose_mismatch' });
    const message = { title: 'Hello', text: 'you' };
    for (const [type, payload] of [
      ['message.send', message],
      ['storage.list', { category: 'orders' }],
      ['location.request', { fields: ['location/current'] }],
    ] as const)
      expect(await agent.vault.request(type, payload)).toMatchObject({
        code: 'permission_missing',
      });
    expect(await agent.vault.request('contract.update', { contract: {} })).toMatchObject({
      status: 'refused',
    });
  });

  it('needs every target of every scope that it asks under', async () => {
    expect(await asks(agent, [name, address], 'www.shop.example')).toMatchObject({
      code: 'purpose_mismatch',
    });
  });

  it('waits for the owner where a scope asks; they are shown toward whom, and why', async () => {
    expect(await asks(agent, [address], shop)).toMatchObject({ status: 'pending' });
    expect(await world.held()).toMatchObject({
      ...{ kind: 'agent', party: 'Shopping agent', target: shop, type: 'data.request' },
      scopes: [{ name: 'address', purpose: 'delivery', approval: 'ask' }],
      fields: [{ name: address, tier: 'consent', purpose: 'delivery' }],
    });
    await world.say('deny');
    const answer = agent.vault.request('data.request', { fields: [address], target: shop });
    await world.say('approve');
    expect(await answer).toMatchObject({
      status: 'served',
      result: { fields: { [address]: 'Elm Street 1' } },
    });
  });

  it('is asked about a type without fields too, and the owner reads all that it says', async () => {
    const paid = pays(agent, 'A-1', shop);
    await expect
      .poll(() => world.held())
      .toMatchObject({
        ...{ type: 'payment.request', target: shop, asks: { order: 'A-1', amount: 900 } },
        scopes: [{ name: 'pay' }],
      });
    await world.say('approve');
    expect(await paid).toMatchObject({ status: 'served', result: { order: 'A-1' } });
    const again = pays(agent, 'A-2', shop);
    await world.say('deny');
    expect(await again).toMatchObject({ code: 'refused' });
  });

  it('has a first yes remembered for a while, and for the same target only', async () => {
    const first = agent.vault.request('data.request', { fields: [phone], target: shop });
    await world.say('approve');
    expect(await first).toMatchObject({ status: 'served' });
    expect(await asks(agent, [phone], shop)).toMatchObject({ status: 'served' });
    for (const other of [undefined, 'other.example']) {
      expect(await asks(agent, [phone], other)).toMatchObject({ status: 'pending' });
      await world.say('deny');
    }
    const rules = (await world.owner.served('owner.rules')) as { rule: number }[];
    expect(rules).toMatchObject([{ field: phone, target: shop, stands: true }]);
    await world.owner.served('owner.rules.revoke', { rule: rules[0]?.rule });
    expect(await asks(agent, [phone], shop)).toMatchObject({ status: 'pending' });
    await world.say('deny');
  });

  it('speaks no word of the owner, and for no other connection', async () => {
    const { vault } = agent;
    for (const type of ['owner.approve', 'owner.agent', 'owner.fields'])
      expect(await vault.request(type, {})).toMatchObject({ code: 'event_unsupported' });
    const another = await world.agent();
    expect(
      await another.vault.request(
        'data.request',
        { fields: [address], target: shop },
        { acceptPending: true },
      ),
    ).toMatchObject({ status: 'pending' });
    const { request } = await world.held();
    expect(request.startsWith(another.connection)).toBe(true);
    await world.say('deny');
  });
});

describe('an invite', () => {
  it('for an agent takes no contract, and one for a service takes no agent', async () => {
    const { house, owner } = world;
    const invite = { label: 'X', agent: grant() };
    const forAgent = (await owner.served('owner.invite', invite)) as Invite;
    await expect(house.knock(forAgent, await retailer())).rejects.toThrow('schema_invalid');
    const forService = (await owner.served('owner.invite', { label: 'X' })) as Invite;
    const service = await world.software();
    expect(await service.connectAgent(encodeInvite(forService), { name: '' })).toMatchObject({
      ...{ status: 'refused', code: 'schema_invalid' },
    });
  });

  it('is not made for a grant that the vault could not hold anybody to', async () => {
    for (const wrong of [
      grant({ scopes: [agentWith({ type: 'horoscope.request' })] }),
      grant({ scopes: [agentWith({ targets: ['*.example'] })] }),
      grant({ expires: 1 }),
    ])
      expect(await world.owner.ask('owner.invite', { label: 'X', agent: wrong })).toMatchObject({
        ...{ status: 'refused', code: 'malformed' },
      });
  });

  it('is for a peer or an agent, not for both', async () => {
    const both = { label: 'X', peer: true, agent: grant() };
    expect(await world.owner.ask('owner.invite', both)).toMatchObject({ code: 'malformed' });
  });
});

describe('a grant that the owner changes', () => {
  it('is in force as it is recorded; its agent learns it, and what waited is judged by it', async () => {
    const one = await world.agent();
    const waits = one.vault.request('data.request', { fields: [address], target: shop });
    await expect.poll(() => world.held()).toBeDefined();
    const wider = grant({ scopes: [agentWith({ targets: ['bank.example'] })] });
    await world.owner.served('owner.agent', { connection: one.connection, grant: wider });
    await world.say('approve');
    // The vault has refused what waited; the agent has asked once more under what is in force, where nothing has the field.
    expect(await waits).toMatchObject({ code: 'field_not_in_contract' });
    expect(await asks(one, [name], 'bank.example')).toMatchObject({ status: 'served' });
    expect(one.vault.contract.version).toBe(2);
    expect(await asks(one, [name], shop)).toMatchObject({ code: 'purpose_mismatch' });
    expect(await pays(one, 'B-1', shop)).toMatchObject({ code: 'permission_missing' });
  });

  it('is refused for whoever is no agent, and for one that is gone', async () => {
    const ask = (connection: string): Promise<Answer> =>
      world.owner.ask('owner.agent', { connection, grant: grant() });
    expect(await ask('a'.repeat(26))).toMatchObject({ code: 'connection_unknown' });
    const one = await world.agent();
    await world.owner.served('owner.sever', { connection: one.connection });
    expect(await ask(one.connection)).toMatchObject({ code: 'connection_inactive' });
    await expect(
      one.vault.request('data.request', { fields: [name], target: shop }, { timeoutMs: 500 }),
    ).rejects.toThrow();
  });
});

describe('an agent that asks too much', () => {
  it('is held up by the rate of its scope, while its other scopes go on', async () => {
    const slow = { per_hour: 1, burst: 2 };
    const one = await world.agent({
      scopes: [agentWith({ rate: slow }), ...scopes.slice(1)],
    });
    for (const target of [shop, 'evil.example']) await asks(one, [name], target);
    expect(await asks(one, [name], shop)).toMatchObject({ code: 'rate_limited' });
    expect(await asks(one, [address], shop)).toMatchObject({ status: 'pending' });
    await world.say('deny');
  });

  it('is held up by the rate over all, whatever it asks for', async () => {
    const one = await world.agent({ rate: { per_hour: 1, burst: 2 } });
    await pays(one, 'C-1', 'evil.example');
    await asks(one, ['health/allergies']);
    expect(await asks(one, [name], shop)).toMatchObject({ code: 'rate_limited' });
  });

  it('gets nothing for a while after too many refusals, over a restart, and then goes on', async () => {
    const one = await world.agent({ cool_down: { refusals: 3, within_minutes: 10, minutes: 5 } });
    await asks(one, [name], 'evil.example');
    expect(await asks(one, [address], shop)).toMatchObject({ status: 'pending' });
    await world.say('deny');
    expect(await asks(one, [name], shop)).toMatchObject({ status: 'served' });
    await asks(one, ['health/allergies'], shop);
    const cooling = { code: 'rate_limited' };
    expect(await asks(one, [name], shop)).toMatchObject(cooling);
    expect(await world.seen(one)).toMatchObject({ cooling_until: expect.any(Number) });
    const { notices } = (await world.owner.served('owner.notifications', {
      ...{ from: 0, count: 200 },
    })) as NoticePage;
    expect(notices).toContainEqual(
      expect.objectContaining({ about: 'agent_cooling', connection: one.connection }),
    );
    await world.reopen();
    world.later(4);
    expect(await asks(one, [name], shop)).toMatchObject(cooling);
    world.later(1);
    await asks(one, [name], 'evil.example');
    expect(await asks(one, [name], shop)).toMatchObject({ status: 'served' });
  });

  it('goes on at once when its owner writes its grant anew', async () => {
    const cool_down = { refusals: 1, within_minutes: 1, minutes: 60 };
    const one = await world.agent({ cool_down });
    await asks(one, [name], 'evil.example');
    expect(await asks(one, [name], shop)).toMatchObject({ code: 'rate_limited' });
    const again = { connection: one.connection, grant: grant({ cool_down }) };
    await world.owner.served('owner.agent', again);
    expect(await asks(one, [name], shop)).toMatchObject({ status: 'served' });
  });

  it('is refused when its grant has run out', async () => {
    const one = await world.agent({ expires: 'PT1M' });
    expect(await asks(one, [name], shop)).toMatchObject({ status: 'served' });
    world.later(1);
    expect(await asks(one, [name], shop)).toMatchObject({ code: 'contract_expired' });
  });
});
