import { equalBytes, toBase64url } from '../../wire/bytes.ts';
import type { Signer } from '../../wire/crypto.ts';
import { keyId } from '../../wire/key-encapsulation.ts';
import { signRekey } from '../../wire/rekey.ts';
import { newServiceKeys, openServiceKeys } from '../service-identity.ts';
import type { OwnKeys } from '../session.ts';
import type { Sent } from './forgery.ts';
import { expect, fault, honest, inWords, isRefused, isTaken } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { ofPage, type Rule } from './rule.ts';
import { mainTerms } from './terms.ts';
import { strangersKey, unreduced } from './wrong-keys.ts';

/* Keys of a party that hand over to others. */

const rule = ofPage('handshake.md');
const section = 'Keys later';
const type = 'connection.rekey';

/** The party that it is tried with: what is wrong might cost it its keys. */
const partyOf = async (lab: Lab): Promise<Peer> =>
  (await lab.under('rekeying', () => mainTerms)).peer;

const nextKeys = (): Promise<OwnKeys> => openServiceKeys(newServiceKeys());

type Place = Parameters<typeof signRekey>[0];

/** Hands over to the next keys, but for what is forged. */
function rekeying(
  peer: Peer,
  next: OwnKeys,
  forged: {
    readonly prover?: Signer;
    readonly place?: Partial<Place>;
    readonly encapsulation?: Uint8Array;
    readonly payload?: object;
  } = {},
): Sent {
  const { vault, connection, signer } = peer.identity;
  const { prover = next.signer, encapsulation = next.encapsulation.publicKey } = forged;
  const place = { vault, connection, before: signer.publicKey, ...forged.place };
  const signing = toBase64url(next.signer.publicKey);
  const payload = { ...signRekey(place, prover, encapsulation), signing, ...forged.payload };
  return peer.forge(type, payload, { event: { contract: undefined } });
}

/** Each of these is refused with that code. */
function refuses(
  code: string,
  ...cases: readonly (readonly [string, (peer: Peer, next: OwnKeys) => Sent])[]
): Rule['check'] {
  return async (lab) => {
    const peer = await partyOf(lab);
    for (const [what, make] of cases) {
      const sent = make(peer, await nextKeys());
      await peer.hand(sent);
      const told = await peer.ended(sent.id);
      if (told === undefined || !isRefused(told.answer, [code]))
        return fault(`${what}: refused as ${code}`, inWords(told));
    }
    return undefined;
  };
}

/** What a party is told that has replaced its keys. */
type Rekeyed = {
  readonly next: OwnKeys;
  readonly served: Told | undefined;
  /** Epoch of the vault in which it was answered before. */
  readonly epoch: number;
  /** Answers to requests that the key of before and the next one have signed, and to the bytes of one that came before. */
  readonly old: Told | undefined;
  readonly taken: Told | undefined;
  readonly first: Told | undefined;
  readonly again: Told | undefined;
};

/** Replaces the keys of a party: what it is told, in the vault's next epoch. */
export async function takeOver(peer: Peer): Promise<Told | undefined> {
  const { encapsulation } = peer.identity;
  const next = await nextKeys();
  peer.become({ alsoOpens: [next.encapsulation] });
  const sent = rekeying(peer, next);
  await peer.hand(sent);
  const served = await peer.ended(sent.id);
  peer.become({ ...next, alsoOpens: [encapsulation] });
  await peer.renew();
  return served;
}

/** Replaces them, once for all rules about it. */
function rekeyed(lab: Lab): Promise<Rekeyed> {
  return lab.once('rekeyed', async () => {
    const peer = await partyOf(lab);
    const { encapsulation } = peer.identity;
    const earlier = honest(peer);
    const first = await peer.ask(earlier);
    const epoch = peer.seen;
    const next = await nextKeys();
    peer.become({ alsoOpens: [next.encapsulation] });
    const sent = rekeying(peer, next);
    await peer.hand(sent);
    const served = await peer.ended(sent.id);
    const old = await peer.ask(honest(peer));
    peer.become({ ...next, alsoOpens: [encapsulation] });
    await peer.renew();
    const taken = await peer.ask(honest(peer));
    const again = await peer.ask(earlier);
    return { next, served, epoch, old, taken, first, again };
  });
}

export const rekeyRules: readonly Rule[] = [
  rule(
    'rekey-proof',
    section,
    'Keys that have not signed for themselves, for this vault, connection and key of before, are refused.',
    refuses(
      'signature_invalid',
      ['by another key', (peer, next) => rekeying(peer, next, { prover: strangersKey() })],
      [
        'for another key of before',
        (peer, next) => rekeying(peer, next, { place: { before: next.signer.publicKey } }),
      ],
      [
        'for another connection',
        (peer, next) => rekeying(peer, next, { place: { connection: peer.identity.vault } }),
      ],
    ),
  ),
  rule(
    'rekey-keys',
    section,
    'Keys that are none are refused.',
    refuses('malformed', [
      'a coefficient of 3,329 or more',
      (peer, next) =>
        rekeying(peer, next, { encapsulation: unreduced(next.encapsulation.publicKey) }),
    ]),
  ),
  rule(
    'rekey',
    section,
    'A party replaces its keys: the answer is sealed to the next one, in a new epoch, and what the next one signs is taken.',
    async (lab) => {
      const { served, next, epoch, taken } = await rekeyed(lab);
      if (served?.answer.status !== 'served') return fault('served', inWords(served));
      const { envelope } = served;
      const recipient = envelope?.opening?.recipient ?? new Uint8Array(0);
      if (!equalBytes(recipient, keyId(next.encapsulation.publicKey)))
        return fault('an answer sealed to the next key', 'to another');
      if ((envelope?.epoch ?? 0) <= epoch) return fault('a new epoch', `${envelope?.epoch}`);
      return expect(isTaken(taken), 'a request signed by the next key taken', inWords(taken));
    },
  ),
  rule(
    'rekey-old',
    section,
    'Whatever the keys of before sign later is refused: there is no time of grace.',
    async (lab) => {
      const { old } = await rekeyed(lab);
      const right = old !== undefined && isRefused(old.answer, ['signature_invalid']);
      return expect(right, 'refused as signature_invalid', inWords(old));
    },
  ),
  rule(
    'rekey-before',
    section,
    'An event that came before is still recognised when it comes again.',
    async (lab) => {
      const { first, again } = await rekeyed(lab);
      const same =
        first !== undefined && again !== undefined && equalBytes(first.bytes, again.bytes);
      return expect(same, 'the same answer, byte for byte', inWords(again));
    },
  ),
];
