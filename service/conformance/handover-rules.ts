import { equalBytes } from '../../wire/bytes.ts';
import { type Opening, verifyOpening } from '../../wire/envelope.ts';
import { followHandovers, type KnownKeys, knownKeyIds } from '../../wire/handover.ts';
import { keysChangedType } from '../../wire/messages.ts';
import { knownKeysOf } from '../vault-keys.ts';
import type { Heard } from './heard.ts';
import { expect, fault, honest, inWords, isTaken, refusesAll } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { takeOver } from './rekey-rules.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';
import { mainTerms } from './terms.ts';

/* Keys of the vault that hand over to others, as a party sees it. */

const rule = ofPage('handshake.md');
const section = 'Keys later';
const askType = 'connection.keys';
const lastsMs = 30 * 24 * 60 * 60 * 1000;
const skewMs = 120_000;

type Answers = Told | undefined;
type List = { readonly handovers?: unknown; readonly until?: number };

/** A key that was replaced, and what a party was told before it said that it knew and after. */
type Replaced = {
  readonly vault: string;
  readonly from: KnownKeys;
  readonly to: KnownKeys;
  /** The first notification, and how many there were when the party had come with another epoch. */
  readonly told: Heard | undefined;
  readonly times: number;
  /**
   * Answers: to keys of the party's own, which begin an epoch of the vault while it is known by its key of before; to
   * the question which keys came after; to the word that they are known; to a request after that.
   */
  readonly unknowing: Answers;
  readonly asked: Answers;
  readonly known: Answers;
  readonly after: Answers;
  /** What could not be read while the party knew only the key of before. */
  readonly unread: Heard | undefined;
};

/** The vault's signing key is replaced, once for all rules about it. */
function replaced(lab: Lab): Promise<Replaced> {
  return lab.once('replaced', async () => {
    const { peer } = await lab.under('handing', () => mainTerms);
    const from = knownKeysOf(peer.identity);
    const before = peer.heard.length;
    await lab.owner('rotate', 'signing');
    const told = await peer.told(keysChangedType, before);
    await peer.renew();
    await peer.ask(honest(peer));
    const unknowing = await takeOver(peer);
    const asked = await knowing(peer, from);
    await peer.quiet();
    const heard = peer.heard.slice(before);
    const times = heard.filter(({ event }) => event?.type === keysChangedType).length;
    const unread = heard.find(({ wrong }) => wrong !== undefined);
    const to = keysAfter(peer.identity.vault, from, told?.event?.payload);
    peer.become({ vaultSigning: to.signing, formerVaultSigning: from.signing });
    const known = await knowing(peer, to);
    const after = await peer.ask(honest(peer));
    const { vault } = peer.identity;
    return { vault, from, to, told, times, unknowing, asked, known, after, unread };
  });
}

/** Says which keys a party knows. */
function knowing(peer: Peer, keys: KnownKeys): Promise<Answers> {
  const event = { contract: undefined };
  return peer.ask(peer.forge(askType, knownKeyIds(keys), { event }));
}

/** The keys that a list leads to: those that are known, where it leads nowhere. */
function keysAfter(vault: string, known: KnownKeys, list: unknown): KnownKeys {
  const next = followHandovers(vault, known, (list as List | undefined)?.handovers);
  return next.ok ? next.value : known;
}

function resultOf(told: Answers): List | undefined {
  return told?.answer.status === 'served' ? (told.answer.result as List) : undefined;
}

/** A list of handovers that leads to another signing key, and says how long the one before is honoured. */
function leads(vault: string, from: KnownKeys, list: List | undefined): Verdict {
  if (list === undefined) return fault('handovers', 'none');
  const next = followHandovers(vault, from, list.handovers);
  if (!next.ok) return fault('handovers that both keys have signed', next.detail);
  if (equalBytes(next.value.signing, from.signing))
    return fault('another key', 'the one of before');
  const lasts = (list.until ?? 0) - Date.now();
  return expect(Math.abs(lasts - lastsMs) <= skewMs, 'until 30 days from now', `${list.until}`);
}

function isOpenedBy(told: Told, key: Uint8Array): boolean {
  const { envelope } = told;
  const opening: Opening | undefined = envelope?.opening;
  return (
    envelope !== undefined &&
    opening !== undefined &&
    verifyOpening(key, 'from-vault', envelope, opening)
  );
}

const signing: readonly Rule[] = [
  rule(
    'keys-told',
    section,
    'When a key of the vault is replaced, a connection in use is told: by handovers that both keys have signed.',
    async (lab) => {
      const { told, vault, from } = await replaced(lab);
      return leads(vault, from, told?.event?.payload as List | undefined);
    },
  ),
  rule(
    'keys-told-again',
    section,
    'Whoever comes with a new epoch, and has not said that it knows, is told again.',
    async (lab) => {
      const { times } = await replaced(lab);
      return expect(times >= 2, 'told twice', `told ${times} times`);
    },
  ),
  rule(
    'keys-asked',
    section,
    'Whoever names the keys that it knows is given the handovers that came after those.',
    async (lab) => {
      const { asked, vault, from } = await replaced(lab);
      if (asked?.answer.status !== 'served') return fault('served', inWords(asked));
      return leads(vault, from, resultOf(asked));
    },
  ),
  rule(
    'keys-unknown',
    section,
    'Until a party says that it knows the next signing key, epochs to it are opened with the one that it knows.',
    async (lab) => {
      const { unknowing, unread, from } = await replaced(lab);
      if (unread !== undefined) return fault('the key that is known', `${unread.wrong?.what}`);
      const isKnown = unknowing !== undefined && isOpenedBy(unknowing, from.signing);
      return expect(isKnown, 'an epoch of the key that is known', inWords(unknowing));
    },
  ),
  rule(
    'keys-known',
    section,
    'Whoever says that it knows all is answered without handovers, and then in a new epoch that the next key has opened.',
    async (lab) => {
      const { known, after, unknowing, to } = await replaced(lab);
      const { handovers } = resultOf(known) ?? {};
      if (!Array.isArray(handovers) || handovers.length > 0)
        return fault('no handovers', inWords(known));
      if (after === undefined) return fault('an answer', 'none');
      const epoch = after.envelope?.epoch ?? 0;
      if (epoch <= (unknowing?.envelope?.epoch ?? 0)) return fault('a new epoch', `${epoch}`);
      // The answer before may have brought it: from then on it is known, and need not be repeated.
      const opens = [known, after].some(
        (one) => one?.envelope?.epoch === epoch && isOpenedBy(one, to.signing),
      );
      return expect(opens, 'an epoch that the next key has opened', `the epoch ${epoch}`);
    },
  ),
];

/** Requests to the key that is sealed to, before and after it was replaced. */
function resealed(lab: Lab): Promise<{ readonly old: Answers; readonly next: Answers }> {
  return lab.once('resealed', async () => {
    const { peer } = await lab.under('handing', () => mainTerms);
    const from = knownKeysOf(peer.identity);
    const before = peer.heard.length;
    await lab.owner('rotate', 'encapsulation');
    const told = await peer.told(keysChangedType, before);
    await peer.renew();
    const old = await peer.ask(honest(peer));
    const to = keysAfter(peer.identity.vault, from, told?.event?.payload);
    if (equalBytes(to.encapsulation, from.encapsulation)) return { old, next: undefined };
    peer.become({ vaultEncapsulation: to.encapsulation });
    await knowing(peer, to);
    await peer.renew();
    return { old, next: await peer.ask(honest(peer)) };
  });
}

const sealing: readonly Rule[] = [
  rule(
    'keys-honoured',
    section,
    'What is sealed to a key that was replaced is taken for 30 days.',
    async (lab) => {
      const { old } = await resealed(lab);
      return expect(isTaken(old), 'taken', inWords(old));
    },
  ),
  rule('keys-next', section, 'What is sealed to the key that took over is taken.', async (lab) => {
    const { next } = await resealed(lab);
    return expect(isTaken(next), 'taken', inWords(next));
  }),
];

export const handoverRules: readonly Rule[] = [
  rule(
    'keys-form',
    section,
    'A question about keys names three ids, and nothing else.',
    refusesAll(
      'schema_invalid',
      ['none', (peer) => peer.forge(askType, {}, { event: { contract: undefined } })],
      [
        'a member too many',
        (peer) => {
          const ids = knownKeyIds(knownKeysOf(peer.identity));
          return peer.forge(askType, { ...ids, more: 'x' }, { event: { contract: undefined } });
        },
      ],
    ),
  ),
  ...signing,
  ...sealing,
];
