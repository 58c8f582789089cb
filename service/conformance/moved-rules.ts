import { connectionMovedType } from '../../wire/messages.ts';
import { sameServers } from '../../wire/servers.ts';
import type { Heard } from './heard.ts';
import { expect, fault, honest, inWords, refusesAll } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { ofPage, type Rule } from './rule.ts';
import { mainTerms } from './terms.ts';

const rule = ofPage('handshake.md');
const section = 'Addresses later';
const type = 'connection.servers';
/** A further address, where nobody is. */
const nowhere = 'nats://conformance.invalid:4222';

/** What a party is told when the owner names other addresses. */
type Moved = {
  readonly servers: readonly string[];
  readonly told: Heard | undefined;
  /** How often, when it has come with another epoch, and when it has come with one after it said that it keeps them. */
  readonly times: number;
  readonly afterwards: number;
  readonly answer: Told | undefined;
  /** What stands in another invite. */
  readonly invited: readonly string[];
};

/** The owner names one address more, and after that those of before. */
function moved(lab: Lab): Promise<Moved> {
  return lab.once('moved', async () => {
    const { servers: honestly } = lab.options.invite;
    const servers = [...honestly, nowhere];
    const { peer } = await lab.under('moving', () => mainTerms);
    const before = peer.heard.length;
    await lab.owner('servers', ...servers);
    try {
      const told = await peer.told(connectionMovedType, before);
      const times = await timesWith(peer, before);
      const answer = await peer.ask(keeping(peer, servers));
      const settledAt = peer.heard.length;
      const afterwards = await timesWith(peer, settledAt);
      const { servers: invited } = await lab.invite();
      return { servers, told, times, afterwards, answer, invited };
    } finally {
      await putBack(lab, honestly);
    }
  });
}

/** As it was: without the owner's word where invites then name the addresses of before, else with it. */
async function putBack(lab: Lab, honestly: readonly string[]): Promise<void> {
  const own = await lab.options.owner?.do(['servers', '--default']);
  const { servers } = own?.result === 'done' ? await lab.invite() : { servers: [] };
  if (!sameServers(servers, honestly)) await lab.owner('servers', ...honestly);
}

const keeping = (peer: Peer, servers: unknown) =>
  peer.forge(type, { servers }, { event: { contract: undefined } });

/** How often it was told since then, when it has come with another epoch. */
async function timesWith(peer: Peer, since: number): Promise<number> {
  await peer.renew();
  await peer.ask(honest(peer));
  await peer.until(() => undefined, peer.waits.pauseMs);
  await peer.quiet();
  return peer.heard.slice(since).filter(({ event }) => event?.type === connectionMovedType).length;
}

function listIn(payload: unknown): string {
  const { servers } = (payload ?? {}) as { readonly servers?: unknown };
  return JSON.stringify(servers) ?? 'none';
}

export const movedRules: readonly Rule[] = [
  rule(
    'servers-form',
    section,
    'The word on addresses is a list of 1 to 16 of them, each with its port.',
    refusesAll(
      'schema_invalid',
      ['none', (peer) => keeping(peer, [])],
      [
        '17',
        (peer) =>
          keeping(
            peer,
            Array.from({ length: 17 }, () => nowhere),
          ),
      ],
      ['one without a port', (peer) => keeping(peer, ['nats://conformance.invalid'])],
    ),
  ),
  rule(
    'moved-told',
    section,
    'When the owner names other addresses, a connection in use is told.',
    async (lab) => {
      const { told, servers } = await moved(lab);
      const came = listIn(told?.event?.payload);
      return expect(came === JSON.stringify(servers), JSON.stringify(servers), came);
    },
  ),
  rule(
    'moved-told-again',
    section,
    'Whoever comes with a new epoch, and has not said that it keeps the list, is told again.',
    async (lab) => {
      const { times } = await moved(lab);
      return expect(times >= 2, 'told twice', `told ${times} times`);
    },
  ),
  rule(
    'servers-answer',
    section,
    'Whoever says which addresses it keeps is answered with those in force.',
    async (lab) => {
      const { answer, servers } = await moved(lab);
      if (answer?.answer.status !== 'served') return fault('served', inWords(answer));
      const came = listIn(answer.answer.result);
      return expect(came === JSON.stringify(servers), JSON.stringify(servers), came);
    },
  ),
  rule(
    'moved-known',
    section,
    'Whoever has said that it keeps the list is not told again.',
    async (lab) => {
      const { afterwards } = await moved(lab);
      return expect(afterwards === 0, 'not told', `told ${afterwards} times`);
    },
  ),
  rule('moved-invites', section, 'The list stands in every invite from then on.', async (lab) => {
    const { invited, servers } = await moved(lab);
    const came = JSON.stringify(invited);
    return expect(came === JSON.stringify(servers), JSON.stringify(servers), came);
  }),
];
