/* Vault to vault, on two vines: two houses, each with real servers of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Event } from '../wire/event.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { Answer, Invite } from '../wire/messages.ts';
import { retailer } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, trailOf } from './ledger-view.ts';
import { type Home, until } from './neighbours.ts';
import {
  address,
  asked,
  home,
  knocked,
  name,
  peers,
  reopened,
  replayed,
  seen,
  shared,
} from './peer-world.ts';
import { type Door, doorTo } from './vine-door.ts';

type Waiting = {
  readonly requests: readonly { readonly request: string; readonly hash: string }[];
};

const nothing = { fields: [], consent: [], types: [] };
const wantsName = { fields: [name] };
const wantsAddress = { fields: [address] };
const hello = { title: 'Hello', text: 'Dinner at eight?' };

let alice: Home;
let bob: Home;
/** The connection, as each of them knows it. */
let atAlice: string;
let atBob: string;
/** Another address of Alice's vine. */
let door: Door;

const asksName = (): Promise<Answer> => asked(bob, atBob, 'data.request', wantsName);

beforeAll(async () => {
  alice = await home('Alice');
  bob = await home('Bob');
  [atAlice, atBob] = await peers(alice, bob);
  door = await doorTo(alice.house.vine.url);
});

afterAll(async () => {
  const failures = [...alice.house.failures, ...bob.house.failures];
  await alice.house.destroy();
  await bob.house.destroy();
  await door.close();
  expect(failures).toEqual([]);
});

describe('two vaults on two vines', () => {
  it('are peers when the one owner has reached out and the other has said yes', async () => {
    const peer = { kind: 'peer', status: 'active' };
    expect(await seen(alice, atAlice)).toMatchObject({ ...peer, name: 'Bob' });
    expect(await seen(bob, atBob)).toMatchObject({ ...peer, name: 'Alice' });
  });

  it('share nothing until an owner says so, and then only what that one shares', async () => {
    const refused = { status: 'refused', code: 'field_not_in_contract' };
    await shared(alice, atAlice, nothing);
    await shared(bob, atBob, nothing);
    expect(await asksName()).toMatchObject(refused);
    await shared(alice, atAlice, { ...nothing, fields: [name] });
    expect(await asksName()).toMatchObject({
      status: 'served',
      result: { fields: { [name]: 'Alice' }, refused: [] },
    });
    expect(await asked(alice, atAlice, 'data.request', wantsName)).toMatchObject(refused);
    await shared(alice, atAlice, nothing);
    expect(await asksName()).toMatchObject(refused);
  });

  it('tell each other what they share', async () => {
    await shared(bob, atBob, { ...nothing, fields: [name], consent: [address] });
    expect(await asked(alice, atAlice, 'peer.shares', {})).toMatchObject({
      status: 'served',
      result: {
        contract: {
          contract: {
            fields: [
              { name, tier: 'on_demand' },
              { name: address, tier: 'consent' },
            ],
            permissions: { messages: false },
          },
        },
      },
    });
  });

  it('ask the owner for what is shared on consent, and the answer comes when it is given', async () => {
    await shared(bob, atBob, { ...nothing, consent: [address] });
    const heard = new Promise<Event>((resolve) => {
      alice.owner.client.onEvent = (event) => {
        if (event.type === 'peer.answered') resolve(event);
      };
    });
    expect(await asked(alice, atAlice, 'data.request', wantsAddress)).toMatchObject({
      status: 'pending',
    });
    const { requests } = (await bob.owner.served('owner.pending')) as Waiting;
    const [held] = requests;
    await bob.owner.served('owner.approve', { request: held?.request, hash: held?.hash });
    expect((await heard).payload).toMatchObject({
      connection: atAlice,
      type: 'data.request',
      answer: { status: 'served', result: { fields: { [address]: "Bob's house" } } },
    });
  });

  it('send messages both ways where both allow it', async () => {
    expect(await asked(alice, atAlice, 'message.send', hello)).toMatchObject({
      status: 'refused',
      code: 'permission_missing',
    });
    await shared(alice, atAlice, { ...nothing, types: ['message.send'] });
    await shared(bob, atBob, { ...nothing, types: ['message.send'] });
    const shown = { status: 'served', result: { shown: true } };
    expect(await asked(alice, atAlice, 'message.send', hello)).toMatchObject(shown);
    expect(await asked(bob, atBob, 'message.send', hello)).toMatchObject(shown);
  });

  it('find each other again when one of them was away', async () => {
    await shared(alice, atAlice, { ...nothing, fields: [name] });
    await reopened(bob);
    await until(async () => (await asksName()).status === 'served');
    await until(async () => (await asked(alice, atAlice, 'peer.shares', {})).status === 'served');
  });

  it('record what was asked and answered by name, and never the value', async () => {
    const answered = (await readLedger(bob.house)).flatMap(({ kind, body }) =>
      kind === 'peer_answered' ? [body] : [],
    );
    expect(answered).toContainEqual(
      expect.objectContaining({
        ...{ connection: atBob, type: 'data.request', status: 'served', signed: true },
        fields: [name],
      }),
    );
    const { requests } = (await bob.owner.served('owner.pending')) as Waiting;
    expect(requests).toEqual([]);
  });
});

describe('a peer that is reached elsewhere', () => {
  const moves = async () => ofKind(await readLedger(bob.house), 'peer_moved');

  it('is followed there, and told that the address is kept', async () => {
    await alice.owner.served('owner.servers', { servers: [door.url] });
    await until(async () => door.open() === 1);
    expect(await asksName()).toMatchObject({ status: 'served' });
    expect((await moves()).map(({ body }) => body.servers)).toEqual([[door.url]]);
    await ledgerWhen(alice.house, (records) =>
      ofKind(records, 'servers_known').some(({ body }) => body.connection === atAlice),
    );
    const said = trailOf(await readLedger(bob.house)).find(({ kind }) => kind === 'peer_moved');
    expect(said).toMatchObject({ connection: atBob, detail: door.url });
  });

  it('is found there by a vault that was opened anew', async () => {
    await bob.house.closeVault();
    await until(async () => door.open() === 0);
    await bob.house.open();
    await until(async () => (await asksName()).status === 'served');
    expect(door.open()).toBe(1);
  });

  it('is passed over when it moves too often, and answers still', async () => {
    for (let at = 1; at <= 10; at++)
      await alice.owner.served('owner.servers', { servers: [door.url, `127.0.0.1:${at}`] });
    await until(async () => (await moves()).length === 9);
    expect(await asksName()).toMatchObject({ status: 'served' });
    expect(await moves()).toHaveLength(9);
  });
});

describe('a peer with other keys', () => {
  it('is known by them at once, and by a vault that was opened anew', async () => {
    const known = async (): Promise<number> =>
      ofKind(await readLedger(bob.house), 'dial_granted').filter(({ body }) => body.peerKeys)
        .length;
    for (const purpose of ['signing', 'encapsulation', 'ledger']) {
      const before = await known();
      await alice.owner.served('owner.rotate', { purpose });
      await until(async () => (await known()) > before);
      expect(await asksName()).toMatchObject({ status: 'served' });
    }
    await reopened(bob);
    await until(async () => (await asksName()).status === 'served');
    expect(ofKind(await readLedger(bob.house), 'peer_answered').at(-1)?.body.signed).toBe(true);
    await until(async () => (await asked(alice, atAlice, 'peer.shares', {})).status === 'served');
  });
});

describe('whoever is invited as a peer', () => {
  it('is one no more when the other owner has said no', async () => {
    const [there, here] = await knocked(alice, bob);
    await alice.owner.served('owner.decline', { connection: there });
    await until(async () => (await seen(bob, here))?.status === 'declined');
  });

  it('is let in although its vault was opened anew before the other owner said yes', async () => {
    const [there, here] = await knocked(alice, bob);
    await reopened(bob);
    await alice.owner.served('owner.accept', { connection: there, optional: [] });
    await until(async () => (await asked(bob, here, 'peer.shares', {})).status === 'served');
    await until(async () => (await asked(alice, there, 'peer.shares', {})).status === 'served');
  });

  it('cannot ask under a contract', async () => {
    const invite = (await alice.owner.served('owner.invite', {
      label: 'a shop',
      peer: true,
    })) as Invite;
    await expect(alice.house.knock(invite, await retailer())).rejects.toThrow('schema_invalid');
  });
});

describe('a vault', () => {
  it('cannot be a peer where a service was invited', async () => {
    const invite = (await alice.owner.served('owner.invite', { label: 'a shop' })) as Invite;
    const { connection } = (await bob.owner.served('owner.connect', {
      label: 'Alice',
      invite: encodeInvite(invite),
    })) as { connection: string };
    await until(async () => (await seen(bob, connection))?.status === 'declined');
    expect(await seen(alice, invite.connection)).toMatchObject({
      kind: 'service',
      status: 'invited',
    });
  });

  it('reaches neither itself nor anybody by an invite that is none', async () => {
    const own = (await bob.owner.served('owner.invite', { label: 'me', peer: true })) as Invite;
    for (const invite of [encodeInvite(own), 'cambium-invite:AAAA', 'nonsense'])
      expect(await bob.owner.ask('owner.connect', { label: 'X', invite })).toMatchObject({
        ...{ status: 'refused', code: 'malformed' },
      });
  });

  it('asks no service and no stranger', async () => {
    const ask = (connection: string): Promise<Answer> =>
      bob.owner.ask('owner.ask', { connection, type: 'data.request', payload: wantsName });
    expect(await ask('a'.repeat(26))).toMatchObject({ code: 'connection_unknown' });
  });
});

describe('a peer that is severed', () => {
  it('is so on both sides, answers nothing more, and can be forgotten', async () => {
    const [there, here] = await peers(alice, bob);
    await alice.owner.served('owner.sever', { connection: there });
    await until(async () => (await seen(bob, here))?.status === 'severed');
    for (const [one, connection] of [
      [alice, there],
      [bob, here],
    ] as const) {
      const ask = { connection, type: 'peer.shares', payload: {} };
      expect(await one.owner.ask('owner.ask', ask)).toMatchObject({
        code: 'connection_inactive',
      });
      await one.owner.served('owner.forget', { kind: 'connection', name: connection });
      expect(await seen(one, connection)).toBeUndefined();
    }
    const ended = (records: readonly LedgerRecord[]): boolean =>
      records.some(({ kind }) => kind === 'tombstone');
    await ledgerWhen(bob.house, ended);
    await reopened(bob);
    expect(await seen(bob, here)).toBeUndefined();
  });
});

describe('the ledgers of two peers', () => {
  it('verify, decide the same again, and explain what one has asked the other', async () => {
    await shared(alice, atAlice, { ...nothing, fields: [name] });
    await asksName();
    for (const { house } of [alice, bob]) {
      const { reproduced, differences } = await replayed(house);
      expect(differences).toEqual([]);
      expect(reproduced).toBeGreaterThan(0);
    }
    const entry = trailOf(await readLedger(bob.house)).findLast(
      ({ kind, type }) => kind === 'peer_answered' && type === 'data.request',
    );
    expect(entry).toMatchObject({ connection: atBob, fields_asked: [name], reason: null });
    const other = trailOf(await readLedger(alice.house)).findLast(
      ({ type, connection }) => type === 'data.request' && connection === atAlice,
    );
    expect(other).toMatchObject({
      ...{ event: entry?.event, decision: 'approved', connection_kind: 'peer' },
      fields_provided: [name],
    });
  });
});
