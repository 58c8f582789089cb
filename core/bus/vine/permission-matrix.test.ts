import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sysCredential, vaultOwnerSideCredential } from './credentials.ts';
import { ensureInboundStream } from './inbound-stream.ts';
import { revokeParty } from './party-accounts.ts';
import { eventually, newVault, type TestConnection, TestVine } from './test-vine.ts';
import { createPartyAccount } from './vine-keys.ts';
import { partyInbox, sysInbox, vaultInbox } from './vine-names.ts';

/*
 * Who may do what, on a real server: of every pair of somebody and a subject that is not listed as allowed
 * here the server has to say that it is not permitted.
 */

/** Vault `V`, and another `W` on the same vine; who is looked at, `P`; another party, `Q`. */
type Names = { readonly V: string; readonly W: string; readonly P: string; readonly Q: string };

const publishes = (n: Names) => ({
  'ask to connect': `MessageSpace.${n.V}.fromService.${n.P}.connection.request`,
  'ask for a credential': `MessageSpace.${n.V}.fromService.${n.P}.credential.renew`,
  request: `MessageSpace.${n.V}.fromService.${n.P}.data.request`,
  'request of another vault': `MessageSpace.${n.W}.fromService.${n.P}.data.request`,
  'ask another vault to connect': `MessageSpace.${n.W}.fromService.${n.P}.connection.request`,
  'ask another vault for a credential': `MessageSpace.${n.W}.fromService.${n.P}.credential.renew`,
  'request as another party': `MessageSpace.${n.V}.fromService.${n.Q}.data.request`,
  'request as nobody': `MessageSpace.${n.V}.fromService.nobody`,
  'answer itself': `MessageSpace.${n.P}.fromVault.${n.V}.event.answer`,
  'answer another party': `MessageSpace.${n.Q}.fromVault.${n.V}.event.answer`,
  'answer as another vault': `MessageSpace.${n.P}.fromVault.${n.W}.event.answer`,
  'tell the vault as its owner': `OwnerSpace.${n.V}.forVault.owner.fields`,
  'tell the app': `OwnerSpace.${n.V}.forApp.event.answer`,
  'tell another vault as its owner': `OwnerSpace.${n.W}.forVault.owner.fields`,
  'tell the app of another owner': `OwnerSpace.${n.W}.forApp.event.answer`,
  'its own inbox': `_INBOX.${n.P}.x`,
  "another party's inbox": `_INBOX.${n.Q}.x`,
  "the app's inbox": `_INBOX.app_${n.V}.x`,
  "the vault's inbox": `_INBOX.vault_${n.V}.x`,
  "the administrator's inbox": '_INBOX.sys.x',
  'any inbox': '_INBOX.x',
  'JetStream: info': '$JS.API.INFO',
  'JetStream: streams': '$JS.API.STREAM.NAMES',
  'JetStream: list': '$JS.API.STREAM.LIST',
  'JetStream: create the stream': `$JS.API.STREAM.CREATE.IN_${n.V}`,
  'JetStream: create another': `$JS.API.STREAM.CREATE.IN_${n.W}`,
  'JetStream: change the stream': `$JS.API.STREAM.UPDATE.IN_${n.V}`,
  'JetStream: change another': `$JS.API.STREAM.UPDATE.IN_${n.W}`,
  'JetStream: read the stream': `$JS.API.STREAM.INFO.IN_${n.V}`,
  'JetStream: delete the stream': `$JS.API.STREAM.DELETE.IN_${n.V}`,
  'JetStream: purge the stream': `$JS.API.STREAM.PURGE.IN_${n.V}`,
  'JetStream: get a message': `$JS.API.STREAM.MSG.GET.IN_${n.V}`,
  'JetStream: delete a message': `$JS.API.STREAM.MSG.DELETE.IN_${n.V}`,
  'JetStream: get directly': `$JS.API.DIRECT.GET.IN_${n.V}`,
  'JetStream: snapshot': `$JS.API.STREAM.SNAPSHOT.IN_${n.V}`,
  'JetStream: restore': `$JS.API.STREAM.RESTORE.IN_${n.V}`,
  'JetStream: create a consumer': `$JS.API.CONSUMER.CREATE.IN_${n.V}`,
  'JetStream: create a named consumer': `$JS.API.CONSUMER.CREATE.IN_${n.V}.spy`,
  'JetStream: create a filtered consumer': `$JS.API.CONSUMER.CREATE.IN_${n.V}.spy.MessageSpace.x`,
  'JetStream: create a durable consumer': `$JS.API.CONSUMER.DURABLE.CREATE.IN_${n.V}.spy`,
  "JetStream: create the vault's consumer": `$JS.API.CONSUMER.CREATE.IN_${n.V}.vault`,
  'JetStream: delete it': `$JS.API.CONSUMER.DELETE.IN_${n.V}.vault`,
  'JetStream: ask about it': `$JS.API.CONSUMER.INFO.IN_${n.V}.vault`,
  'JetStream: fetch from it': `$JS.API.CONSUMER.MSG.NEXT.IN_${n.V}.vault`,
  'JetStream: fetch from another': `$JS.API.CONSUMER.MSG.NEXT.IN_${n.W}.vault`,
  'JetStream: consumers': `$JS.API.CONSUMER.NAMES.IN_${n.V}`,
  'JetStream: acknowledge': `$JS.ACK.IN_${n.V}.vault.1.1.1.1.0`,
  'JetStream: acknowledge for another': `$JS.ACK.IN_${n.W}.vault.1.1.1.1.0`,
  'system: change an account': '$SYS.REQ.CLAIMS.UPDATE',
  'system: delete accounts': '$SYS.REQ.CLAIMS.DELETE',
  'system: list accounts': '$SYS.REQ.CLAIMS.LIST',
  'system: read an account': `$SYS.REQ.ACCOUNT.${n.Q}.CLAIMS.LOOKUP`,
  'system: connections': `$SYS.REQ.ACCOUNT.${n.Q}.CONNZ`,
  'system: servers': '$SYS.REQ.SERVER.PING',
  'system: user': '$SYS.REQ.USER.INFO',
});

const subscribes = (n: Names) => ({
  'its answers': `MessageSpace.${n.P}.fromVault.${n.V}.>`,
  'its answers of another vault': `MessageSpace.${n.P}.fromVault.${n.W}.>`,
  'its answers of every vault': `MessageSpace.${n.P}.fromVault.*.>`,
  "another party's answers": `MessageSpace.${n.Q}.fromVault.${n.V}.>`,
  "every party's answers": `MessageSpace.*.fromVault.${n.V}.>`,
  'all answers': 'MessageSpace.*.fromVault.*.>',
  'its own requests': `MessageSpace.${n.V}.fromService.${n.P}.>`,
  "another party's requests": `MessageSpace.${n.V}.fromService.${n.Q}.>`,
  'all requests to the vault': `MessageSpace.${n.V}.fromService.>`,
  'all requests to another vault': `MessageSpace.${n.W}.fromService.>`,
  'all of MessageSpace': 'MessageSpace.>',
  'what the vault tells the app': `OwnerSpace.${n.V}.forApp.>`,
  'what the app tells the vault': `OwnerSpace.${n.V}.forVault.>`,
  'what another vault tells its app': `OwnerSpace.${n.W}.forApp.>`,
  'what another app tells its vault': `OwnerSpace.${n.W}.forVault.>`,
  'all of OwnerSpace': 'OwnerSpace.>',
  'its own inbox': `_INBOX.${n.P}.>`,
  "another party's inbox": `_INBOX.${n.Q}.>`,
  "the app's inbox": `_INBOX.app_${n.V}.>`,
  "the vault's inbox": `_INBOX.vault_${n.V}.>`,
  "another vault's inbox": `_INBOX.vault_${n.W}.>`,
  "the administrator's inbox": '_INBOX.sys.>',
  'every inbox': '_INBOX.>',
  'JetStream’s API': '$JS.API.>',
  'JetStream’s events': '$JS.EVENT.>',
  'all of JetStream': '$JS.>',
  'all of the system': '$SYS.>',
  'one token of anything': '*',
  everything: '>',
});

type Publish = keyof ReturnType<typeof publishes>;
type Subscribe = keyof ReturnType<typeof subscribes>;
type Row = {
  readonly as: (matrix: Matrix) => Promise<TestConnection>;
  readonly publish: readonly Publish[];
  readonly subscribe: readonly Subscribe[];
};
type Matrix = Names & { readonly vine: TestVine; readonly shared: string };

const own: readonly Subscribe[] = ['its answers', 'its own inbox'];
const ownEverywhere: readonly Subscribe[] = [
  ...own,
  'its answers of another vault',
  'its answers of every vault',
];
const ofOneVault: readonly Publish[] = ['ask to connect', 'ask for a credential', 'request'];
const ofEveryVault: readonly Publish[] = [
  ...ofOneVault,
  'request of another vault',
  'ask another vault to connect',
  'ask another vault for a credential',
];

/** All that anybody may do. Whoever is given more gets a line here. */
const rows: Readonly<Record<string, Row>> = {
  'an invitee': {
    as: ({ vine, P }) => vine.party(P, 'handshake'),
    publish: ['ask to connect'],
    subscribe: own,
  },
  'a connected party': {
    as: ({ vine, P }) => vine.party(P, 'connected'),
    publish: ofOneVault,
    subscribe: own,
  },
  'a party that comes back': {
    as: ({ vine, P }) => vine.party(P, 'renewal'),
    publish: ['ask for a credential'],
    subscribe: own,
  },
  'a service with many vaults': {
    as: ({ vine, P }) => vine.sharedParty(P, 'connected'),
    publish: ofEveryVault,
    subscribe: ownEverywhere,
  },
  'a service with many vaults that comes back': {
    as: ({ vine, P }) => vine.sharedParty(P, 'renewal'),
    publish: ['ask for a credential', 'ask another vault for a credential'],
    subscribe: ownEverywhere,
  },
  "the owner's app": {
    as: ({ vine }) => vine.ownerApp(),
    publish: ['tell the vault as its owner'],
    subscribe: ['what the vault tells the app', "the app's inbox"],
  },
  'the vault, to its owner': {
    as: async ({ vine, V }) =>
      vine.connect(await vaultOwnerSideCredential(vine.keys, { vault: V }), vaultInbox(V)),
    publish: ['tell the app', "the app's inbox"],
    subscribe: ['what the app tells the vault', "the vault's inbox"],
  },
  'the vault, to its parties': {
    as: ({ vine }) => vine.vaultMessageSide(),
    publish: [
      'answer itself',
      'answer another party',
      'JetStream: create the stream',
      'JetStream: change the stream',
      'JetStream: read the stream',
      "JetStream: create the vault's consumer",
      'JetStream: delete it',
      'JetStream: ask about it',
      'JetStream: fetch from it',
      'JetStream: acknowledge',
    ],
    subscribe: [
      'its own requests',
      "another party's requests",
      'all requests to the vault',
      "the vault's inbox",
    ],
  },
  'who administers accounts': {
    as: async ({ vine }) => vine.connect(await sysCredential(vine.keys), sysInbox),
    publish: ['system: change an account', 'system: read an account'],
    subscribe: ["the administrator's inbox"],
  },
};

describe('who may do what on a vine', () => {
  let vine: TestVine;
  let shared: string;
  let single: string;
  let Q: string;
  const W = newVault();

  beforeAll(async () => {
    vine = await TestVine.start();
    const { jsm } = await vine.vaultMessageSide();
    await ensureInboundStream(jsm, vine.vault, vine.subjects(['connection.request']));
    [single, Q, shared] = [
      await vine.newParty(),
      await vine.newParty(),
      await vine.newSharedParty(),
    ];
  });
  afterAll(() => vine.stop());

  const names = (who: string): Matrix => {
    const P = who.includes('many vaults') ? shared : single;
    return { V: vine.vault, W, P, Q, vine, shared };
  };

  test.each(Object.entries(rows))(
    '%s publishes what is listed, and nothing else',
    async (who, row) => {
      const matrix = names(who);
      const { nc, errors } = await row.as(matrix);
      const all = Object.entries(publishes(matrix));
      for (const [, subject] of all) nc.publish(subject, '');
      await nc.flush();
      const refused = all.filter(([name]) => !row.publish.includes(name as Publish));
      await eventually(() => errors.length >= refused.length);
      expect(named(all, violations(errors, 'Publish'))).toEqual(
        refused.map(([name]) => name).sort(),
      );
    },
  );

  test.each(Object.entries(rows))('%s hears what is listed, and nothing else', async (who, row) => {
    const matrix = names(who);
    const { nc, errors } = await row.as(matrix);
    const all = Object.entries(subscribes(matrix));
    for (const [, subject] of all) {
      nc.subscribe(subject, { callback: () => {} });
      nc.subscribe(subject, { queue: 'q', callback: () => {} });
    }
    await nc.flush();
    const refused = all.filter(([name]) => !row.subscribe.includes(name as Subscribe));
    await eventually(() => errors.length >= 2 * refused.length);
    const heard = violations(errors, 'Subscription');
    expect(named(all, heard)).toEqual(refused.map(([name]) => name).sort());
    expect(heard).toHaveLength(2 * refused.length);
  });

  test('a stranger does not connect: with no credential, one that is made up, or one of an account that nobody made', async () => {
    await expect(connect({ servers: vine.server?.url ?? '', reconnect: false })).rejects.toThrow(
      /Authorization/,
    );
    const madeUp = createPartyAccount().party;
    await expect(vine.party(madeUp, 'handshake')).rejects.toThrow(/Authorization/);
    await expect(vine.sharedParty(madeUp)).rejects.toThrow(/Authorization/);
  });

  test('a severed party does not connect, with whichever of its credentials', async () => {
    const severed = await vine.newParty();
    const { keys } = vine;
    for (const scope of ['handshake', 'connected', 'renewal'] as const) {
      const credential = await vine.credentialOf(severed, scope);
      await revokeParty(await vine.sys(), keys, { party: severed, vault: vine.vault });
      await expect(vine.connect(credential, partyInbox(severed))).rejects.toThrow(/Authorization/);
    }
  });
});

/** Subjects that the server said are not permitted. */
function violations(errors: readonly string[], what: 'Publish' | 'Subscription'): string[] {
  const said = new RegExp(`Permissions Violation for ${what} to "([^"]+)"`, 'i');
  return errors.flatMap((error) => said.exec(error)?.[1] ?? []);
}

function named(all: readonly (readonly [string, string])[], subjects: readonly string[]): string[] {
  return all.flatMap(([name, subject]) => (subjects.includes(subject) ? [name] : [])).sort();
}
