import { type Forgery, openEpoch, type SendingEpoch, type Sent } from './forgery.ts';
import { expect, fault, firstWrong, honest, inWords, isTaken, onMain } from './judge.ts';
import type { Peer } from './peer.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';
import { fields } from './terms.ts';
import { strangersKey } from './wrong-keys.ts';

const rule = ofPage('envelope.md');
const section = 'Epochs';
const dayMs = 24 * 60 * 60 * 1000;

const request = (peer: Peer, forgery: Forgery): Sent =>
  peer.forge('data.request', { fields: [fields.given] }, forgery);

/** It is refused with that code. */
async function refused(peer: Peer, sent: Sent, code: string, what: string): Promise<Verdict> {
  const told = await peer.ask(sent);
  const { answer } = told ?? {};
  const right = answer?.status === 'refused' && answer.code === code;
  return expect(right, `${what}: refused as ${code}`, inWords(told));
}

/** It passes the checks. */
async function taken(peer: Peer, sent: Sent, what: string): Promise<Verdict> {
  const told = await peer.ask(sent);
  return expect(isTaken(told), `${what}: taken`, inWords(told));
}

/** What opens an epoch is refused with that code, and the epoch is not known after it. */
async function installsNothing(
  peer: Peer,
  epoch: SendingEpoch,
  code: string,
  forgery: Forgery = {},
): Promise<Verdict> {
  const first = await refused(peer, request(peer, { ...forgery, epoch }), code, 'what opens it');
  const next = request(peer, { epoch, opening: null });
  return first ?? refused(peer, next, 'key_unknown', 'the next one, without an opening');
}

type Forged = Parameters<typeof openEpoch>[2];

/** An opening that is wrong in some way: refused, and nothing is installed. */
const wrongOpening = (
  id: string,
  says: string,
  code: string,
  forged: (peer: Peer) => Forged,
): Rule =>
  rule(
    id,
    section,
    says,
    onMain(async (peer) => {
      const epoch = await openEpoch(peer.identity, peer.nextNumber(), forged(peer));
      return installsNothing(peer, epoch, code);
    }),
  );

const receiving: readonly Rule[] = [
  rule(
    'epoch-unknown',
    'Receiving',
    'An event in an epoch that was never opened is refused.',
    onMain(async (peer) => {
      const epoch = await openEpoch(peer.identity, peer.nextNumber());
      return refused(
        peer,
        request(peer, { epoch, opening: null }),
        'key_unknown',
        'without an opening',
      );
    }),
  ),
  wrongOpening(
    'opening-recipient',
    'An opening for a key that the vault does not have is refused.',
    'key_unknown',
    () => ({ recipient: new Uint8Array(16) }),
  ),
  wrongOpening(
    'opening-forged',
    'An opening that another key has signed is refused, and installs nothing.',
    'signature_invalid',
    () => ({ signer: strangersKey() }),
  ),
  wrongOpening(
    'opening-direction',
    'An opening that is signed for the other direction is refused.',
    'signature_invalid',
    () => ({ direction: 'from-vault' }),
  ),
  wrongOpening(
    'opening-number',
    'An opening that is signed for another number is refused.',
    'signature_invalid',
    ({ epoch }) => ({ signedNumber: epoch.number }),
  ),
  rule(
    'opening-altered',
    section,
    'An encapsulation that was changed on its way is refused: its signature tells.',
    onMain(async (peer) => {
      const epoch = await openEpoch(peer.identity, peer.nextNumber());
      const encapsulation = epoch.opening.encapsulation.map((byte, at) =>
        at === 0 ? byte ^ 1 : byte,
      );
      const opening = { ...epoch.opening, encapsulation };
      return refused(peer, request(peer, { epoch, opening }), 'signature_invalid', 'with it');
    }),
  ),
  rule(
    'opening-stale',
    section,
    'An event that is not fresh installs no secret.',
    onMain(async (peer) => {
      const epoch = await openEpoch(peer.identity, peer.nextNumber());
      return installsNothing(peer, epoch, 'expired', { event: { time: Date.now() - 17 * dayMs } });
    }),
  ),
  rule(
    'opening-unsigned',
    section,
    'An event that is not signed installs no secret.',
    onMain(async (peer) => {
      const epoch = await openEpoch(peer.identity, peer.nextNumber());
      return installsNothing(peer, epoch, 'signature_invalid', { signature: () => null });
    }),
  ),
  rule(
    'opening-repeated',
    section,
    'An opening is taken as often as it is repeated, and is not needed once it has arrived.',
    onMain(async (peer) => {
      const epoch = await openEpoch(peer.identity, peer.nextNumber());
      return (
        (await taken(peer, request(peer, { epoch }), 'the first event')) ??
        (await taken(peer, request(peer, { epoch }), 'the second, with the opening again')) ??
        taken(peer, request(peer, { epoch, opening: null }), 'the third, without it')
      );
    }),
  ),
  rule(
    'opening-second',
    section,
    'Another encapsulation under a known number is refused, and changes nothing.',
    onMain(async (peer) => {
      const first = await openEpoch(peer.identity, peer.nextNumber());
      const second = await openEpoch(peer.identity, first.number);
      return (
        (await taken(peer, request(peer, { epoch: first }), 'the first secret')) ??
        (await refused(peer, request(peer, { epoch: second }), 'key_unknown', 'the second')) ??
        taken(peer, request(peer, { epoch: first, opening: null }), 'the first again')
      );
    }),
  ),
  rule(
    'epoch-smaller',
    section,
    'An epoch need not have a greater number than those that are known.',
    onMain(async (peer) => {
      const smaller = await openEpoch(peer.identity, peer.nextNumber());
      await peer.renew();
      return (
        (await taken(peer, honest(peer), 'an event of the greater number')) ??
        taken(peer, request(peer, { epoch: smaller }), 'one of the smaller number after it')
      );
    }),
  ),
  rule(
    'epoch-next',
    section,
    'A sender may begin a new epoch at any time, and the one before stays good.',
    onMain(async (peer) => {
      const before = peer.epoch;
      await taken(peer, honest(peer), 'an event of the epoch before');
      await peer.renew();
      return (
        (await taken(peer, honest(peer), 'an event of the new epoch')) ??
        taken(peer, request(peer, { epoch: before, opening: null }), 'one of the epoch before')
      );
    }),
  ),
];

const sent: readonly Rule[] = [
  rule(
    'vault-opening',
    section,
    "A vault's openings are for our key, signed by the key of the invite, and no number has two.",
    onMain(async (peer) => {
      const told = await peer.ask(request(peer, { seen: 0 }));
      return firstWrong(peer, 'opening') ?? expect(told !== undefined, 'an answer', inWords(told));
    }),
  ),
  rule(
    'vault-repeats',
    section,
    'A vault repeats its opening until it is seen, and again for whoever has seen none.',
    onMain(async (peer) => {
      for (const seen of [0, peer.seen, 0]) {
        const told = await peer.ask(request(peer, { seen }));
        const { envelope } = told ?? {};
        if (envelope === undefined) return fault('an answer', inWords(told));
        if (envelope.opening === undefined && envelope.epoch > seen)
          return fault(`an opening, for who has seen ${seen}`, `none, in epoch ${envelope.epoch}`);
      }
      return undefined;
    }),
  ),
  rule(
    'vault-seen',
    'The box',
    'An answer says of the epoch that its event came in that it is seen, also where there is a greater one.',
    onMain(async (peer) => {
      const earlier = peer.epoch;
      await peer.ask(honest(peer));
      const later = await peer.renew();
      await peer.ask(honest(peer));
      for (const epoch of [later, earlier]) {
        const told = await peer.ask(request(peer, { epoch }));
        const seen = told?.opened?.seen;
        if (seen !== epoch.number)
          return fault(`seen ${epoch.number}`, `seen ${seen ?? 'nothing'}`);
      }
      return undefined;
    }),
  ),
];

export const epochRules: readonly Rule[] = [...receiving, ...sent];
