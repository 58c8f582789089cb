import { createUser } from '@nats-io/nkeys';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { utf8 } from '../../wire/bytes.ts';
import { forApp, forVault, fromService, fromVault, partyInbox } from '../../wire/subjects.ts';
import { expect, fault, settled } from './judge.ts';
import type { Lab } from './lab.ts';
import { type Credential, connectAs, type Peer } from './peer.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';

const rule = ofPage('routing.md');
const table = 'Who may do what';
const violation = /permissions violation/i;
const refusalWaitMs = 1_000;
const payloadMax = 1_048_576;
/** A party and a vault that are nobody. */
const otherParty = `A${'B'.repeat(55)}`;
const otherVault = 'b'.repeat(26);

/** Whether the server refuses a publish: what it says, or nothing. */
export async function publishRefused(nc: NatsConnection, subject: string): Promise<boolean> {
  try {
    await nc.request(subject, new Uint8Array(0), { timeout: refusalWaitMs });
    return false;
  } catch (error) {
    return violation.test(words(error));
  }
}

/** Whether the server refuses a subscription; it says so before it answers a flush. */
async function subscribeRefused(nc: NatsConnection, subject: string): Promise<boolean> {
  const subscription = nc.subscribe(subject);
  const closed = subscription.closed.then((error) => violation.test(words(error)));
  await nc.flush();
  const refused = await Promise.race([closed, wait(50).then(() => false)]);
  if (!refused) subscription.unsubscribe();
  return refused;
}

type Names = (peer: Peer) => readonly string[];

const cannotPublish = (id: string, what: string, subjects: Names, who: Who = party): Rule =>
  rule(id, table, `${who.name} cannot publish ${what}.`, async (lab) => {
    const peer = await who.of(lab);
    for (const subject of subjects(peer))
      if (!(await publishRefused(peer.nc, subject))) return fault('refused by the vine', subject);
    return undefined;
  });

const cannotSubscribe = (id: string, what: string, subjects: Names, who: Who = party): Rule =>
  rule(id, table, `${who.name} cannot subscribe to ${what}.`, async (lab) => {
    const peer = await who.of(lab);
    for (const subject of subjects(peer))
      if (!(await subscribeRefused(peer.nc, subject))) return fault('refused by the vine', subject);
    return undefined;
  });

type Who = { readonly name: string; readonly of: (lab: Lab) => Promise<Peer> };

const party: Who = { name: 'A party', of: async (lab) => (await lab.main()).peer };
/** The first party before it is accepted: the suite tries this first. */
const invitee: Who = { name: 'An invitee', of: (lab) => lab.invitee() };

/** Of the invitee, tried before any other rule has the owner accept. */
export const inviteeRules: readonly Rule[] = [
  cannotPublish(
    'invitee-publish',
    'anything but a request to connect',
    ({ identity: { vault, party: own } }) =>
      ['data.request', 'payment.request', 'connection', 'connection.request.more'].map((type) =>
        fromService(vault, own, type),
      ),
    invitee,
  ),
  cannotSubscribe(
    'invitee-subscribe',
    'anything but its own answers',
    ({ identity: { vault } }) => [
      fromVault(vault, otherParty, '>'),
      fromService(vault, '*', '>'),
      'OwnerSpace.>',
      '_INBOX.>',
      '>',
    ],
    invitee,
  ),
  rule('largest', 'Accounts', 'The largest message of a vine is 1,048,576 bytes.', async (lab) => {
    const size = (await lab.invitee()).nc.info?.max_payload;
    return expect(size === payloadMax, String(payloadMax), String(size));
  }),
];

const publishing: readonly Rule[] = [
  cannotPublish('publish-party', 'as another party', ({ identity: { vault } }) => [
    fromService(vault, otherParty, 'data.request'),
    fromService(vault, otherParty, 'connection.request'),
  ]),
  cannotPublish('publish-vault', 'to another vault', ({ identity: own }) => [
    fromService(otherVault, own.party, 'data.request'),
  ]),
  cannotPublish('publish-answers', 'what vaults publish', ({ identity: { vault, party: own } }) => [
    fromVault(vault, own, 'event.answer'),
    fromVault(vault, otherParty, 'event.answer'),
  ]),
  cannotPublish('publish-owner', 'in OwnerSpace', ({ identity: { vault } }) => [
    forVault(vault, 'owner.fields'),
    forApp(vault, 'event.answer'),
  ]),
  cannotPublish('publish-inbox', 'into the inbox of another', ({ identity: { vault } }) => [
    `${partyInbox(otherParty)}.x`,
    `_INBOX.vault_${vault}.x`,
    `_INBOX.app_${vault}.x`,
  ]),
  cannotPublish('publish-jetstream', 'anything under $JS', ({ identity: { vault } }) => [
    '$JS.API.INFO',
    '$JS.API.STREAM.NAMES',
    `$JS.API.STREAM.INFO.IN_${vault}`,
    `$JS.API.STREAM.MSG.GET.IN_${vault}`,
    `$JS.API.CONSUMER.CREATE.IN_${vault}`,
    `$JS.API.CONSUMER.MSG.NEXT.IN_${vault}.vault`,
    `$JS.ACK.IN_${vault}.vault.1.1.1.1.0`,
  ]),
  cannotPublish('publish-system', 'anything under $SYS', () => [
    '$SYS.REQ.CLAIMS.UPDATE',
    '$SYS.REQ.USER.INFO',
  ]),
];

const subscribing: readonly Rule[] = [
  cannotSubscribe('subscribe-party', "another party's answers", ({ identity: { vault } }) => [
    fromVault(vault, otherParty, '>'),
    'MessageSpace.*.fromVault.>',
  ]),
  cannotSubscribe('subscribe-requests', 'what others send to the vault', ({ identity }) => [
    fromService(identity.vault, '*', '>'),
    fromService(identity.vault, identity.party, '>'),
  ]),
  cannotSubscribe('subscribe-owner', 'OwnerSpace', ({ identity: { vault } }) => [
    forVault(vault, '>'),
    forApp(vault, '>'),
    'OwnerSpace.>',
  ]),
  cannotSubscribe('subscribe-inbox', 'the inbox of another', () => [
    `${partyInbox(otherParty)}.>`,
    '_INBOX.>',
  ]),
  cannotSubscribe('subscribe-system', 'anything under $JS or $SYS', () => [
    '$JS.>',
    '$SYS.>',
    '$JS.EVENT.ADVISORY.>',
  ]),
  cannotSubscribe('subscribe-all', 'everything', () => ['>', '*.>']),
];

const standing: readonly Rule[] = [
  rule('stranger', table, 'A stranger cannot connect, whatever token they show.', async (lab) => {
    const { jwt, seed } = lab.options.invite.credential;
    const other = new TextDecoder().decode(createUser().getSeed());
    const attempts: readonly (readonly [string, () => Promise<NatsConnection>])[] = [
      ['without a credential', () => connect({ servers: [...lab.servers], reconnect: false })],
      ['with a token whose key they lack', () => attempt(lab, { jwt, seed: other })],
      ['with a token that was altered', () => attempt(lab, { jwt: withOtherUser(jwt), seed })],
    ];
    for (const [what, enter] of attempts)
      if (await enters(enter)) return fault(`${what}: refused by the vine`, 'a connection');
    return undefined;
  }),
  rule(
    'credential',
    'Credentials',
    'A credential has an expiry, and is nothing without its key.',
    async (lab) => {
      const { invite } = lab.options;
      const first = ending(invite.credential, invite.expires, 'the invite');
      if (first !== undefined) return first;
      const { accepted } = await lab.main();
      return ending(accepted.credential, accepted.expires, 'the acceptance');
    },
  ),
  rule(
    'reply',
    'Accounts',
    'An acknowledgement cannot be sent among the answers of another party.',
    async (lab) => {
      const { peer } = await lab.main();
      const { peer: victim } = await lab.second();
      const { vault, party: other } = victim.identity;
      const reply = fromVault(vault, other, 'conformance.injected');
      const before = victim.heard.length;
      const { subject } = peer.forge('connection.request', {});
      peer.nc.publish(subject, new Uint8Array(0), { reply });
      await peer.hand(peer.forge('connection.request', {}));
      await settled(peer);
      await victim.quiet();
      const injected = victim.heard.slice(before).filter((heard) => heard.subject === reply);
      return expect(injected.length === 0, 'nothing', `a message on ${reply}`);
    },
  ),
];

/** A credential must say when it ends, and that its holder needs the key. */
function ending({ jwt }: Credential, expires: number, whose: string): Verdict {
  const [, body = ''] = jwt.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  const { exp, nats } = claims as { exp?: number; nats?: { bearer_token?: boolean } };
  if (exp === undefined || exp * 1000 > expires + 1_000)
    return fault(`an end at ${new Date(expires).toISOString()}, as ${whose} says`, `exp ${exp}`);
  return expect(nats?.bearer_token !== true, 'a token that needs its key', 'a bearer token');
}

const attempt = (lab: Lab, credential: Credential): Promise<NatsConnection> =>
  connect({
    servers: [...lab.servers],
    authenticator: jwtAuthenticator(credential.jwt, utf8(credential.seed)),
    reconnect: false,
  });

async function enters(enter: () => Promise<NatsConnection>): Promise<boolean> {
  try {
    await (await enter()).close();
    return true;
  } catch {
    return false;
  }
}

/** The token with another user's name in it: its signature fits no more. */
function withOtherUser(jwt: string): string {
  const [head = '', body = '', signature = ''] = jwt.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  const altered = JSON.stringify({ ...claims, name: 'somebody else' });
  return [head, Buffer.from(altered).toString('base64url'), signature].join('.');
}

/** Of a party that the owner severs: tried last. */
export const severedRules: readonly Rule[] = [
  rule(
    'severed',
    'Coming, staying, leaving',
    'When the owner severs, the connection ends, and its credential is taken no more.',
    async (lab) => {
      const { peer, accepted } = await lab.severed();
      const { patienceMs } = peer.waits;
      const gone = async (): Promise<boolean> =>
        !(await enters(() => connectAs(peer.identity.party, accepted.credential, lab.servers)));
      for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await wait(100))
        if (await gone()) return undefined;
      return fault('no way in any more', `a connection, ${patienceMs} ms later`);
    },
  ),
];

export const routingRules: readonly Rule[] = [...publishing, ...subscribing, ...standing];

function words(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return `${error.message} ${words(error.cause)}`;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
