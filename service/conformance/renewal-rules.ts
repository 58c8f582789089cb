import type { NatsConnection } from '@nats-io/transport-node';
import { fromService } from '../../wire/subjects.ts';
import type { Sent } from './forgery.ts';
import { expect, fault, inWords, isRefused, onMain, refusesAll } from './judge.ts';
import type { Lab } from './lab.ts';
import { connectAs, type Peer } from './peer.ts';
import { publishRefused } from './routing-rules.ts';
import { ofPage, type Rule } from './rule.ts';

const rule = ofPage('handshake.md');
const routingRule = ofPage('routing.md');
const type = 'credential.renew';
const lastsMs = 360 * 24 * 60 * 60 * 1000;
const skewMs = 120_000;

const renew = (peer: Peer, payload: object = {}): Sent =>
  peer.forge(type, payload, { event: { contract: undefined } });

/** Connected with the credential to come back with, while something is tried. */
async function returning<T>(lab: Lab, run: (nc: NatsConnection) => Promise<T>): Promise<T> {
  const { peer, accepted } = await lab.main();
  const nc = await connectAs(peer.identity.party, accepted.renewal, lab.servers);
  try {
    return await run(nc);
  } finally {
    await nc.close();
  }
}

export const renewalRules: readonly Rule[] = [
  rule(
    'renewal',
    'Accepted',
    'With its credential a party is given one to come back with, for 360 days.',
    async (lab) => {
      const { accepted, told } = await lab.main();
      const { jwt, seed, expires } = accepted.renewal ?? {};
      if (typeof jwt !== 'string' || typeof seed !== 'string')
        return fault('a credential to come back with', 'none');
      const lasts = expires - (told.answer.statement?.time ?? 0);
      return expect(Math.abs(lasts - lastsMs) <= skewMs, '360 days', `${lasts} ms`);
    },
  ),
  rule(
    'renew-early',
    'Renewal',
    'Another credential is refused within a hundredth of the life of the last.',
    onMain(async (peer) => {
      const told = await peer.ask(renew(peer));
      const right = told !== undefined && isRefused(told.answer, ['rate_limited']);
      return expect(right, 'refused as rate_limited', inWords(told));
    }),
  ),
  rule(
    'renew-form',
    'Renewal',
    'A request for another credential has an empty payload.',
    refusesAll('schema_invalid', ['a member', (peer) => renew(peer, { days: 360 })]),
  ),
  routingRule(
    'returning',
    'Who may do what',
    'With the credential to come back with a party asks for another, and is answered.',
    async (lab) => {
      const { peer } = await lab.main();
      return returning(lab, async (nc) => {
        const sent = renew(peer);
        nc.publish(sent.subject, sent.bytes);
        const told = await peer.until(() => peer.answers(sent.id)[0]);
        return expect(told !== undefined, 'an answer', 'none');
      });
    },
  ),
  routingRule(
    'returning-publish',
    'Who may do what',
    'With the credential to come back with a party can publish nothing else.',
    async (lab) => {
      const { vault, party } = (await lab.main()).peer.identity;
      const types = ['data.request', 'connection.request', 'profile.get', 'credential'];
      return returning(lab, async (nc) => {
        for (const subject of types.map((of) => fromService(vault, party, of)))
          if (!(await publishRefused(nc, subject))) return fault('refused by the vine', subject);
        return undefined;
      });
    },
  ),
];
