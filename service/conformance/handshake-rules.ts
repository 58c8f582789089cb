import { equalBytes } from '../../wire/bytes.ts';
import { addressOf, connectionRequest, newServiceKeys } from '../service-identity.ts';
import { forge, openEpoch } from './forgery.ts';
import type { HandshakeCase } from './handshake-case.ts';
import { handshakeCases } from './handshake-cases.ts';
import { expect, fault, inWords, isRefused } from './judge.ts';
import type { Knock } from './lab.ts';
import type { Told } from './peer.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';
import { demandingTerms, fields, mainTerms } from './terms.ts';

const rule = ofPage('handshake.md');
const lastsMs = 30 * 24 * 60 * 60 * 1000;
const skewMs = 120_000;

/** What must be refused is not taken, whether the vault says so or not, and the invite is as good as before. */
function refusedCase({ id, codes }: HandshakeCase, knock: Knock): Verdict {
  const { peer, pending, wrong } = knock;
  for (const sent of wrong.get(id) ?? [])
    for (const told of peer.answers(sent.id))
      if (!isRefused(told.answer, codes))
        return fault(`not taken (${codes.join(', ')})`, inWords(told));
  return expect(
    pending?.answer.status === 'pending',
    'the good request after it: pending',
    inWords(pending),
  );
}

/** The cases, as rules of their pages. */
export const askingRules: readonly Rule[] = handshakeCases.map((one) => ({
  id: one.id,
  page: one.page,
  section: one.section,
  says: one.says,
  check: async (lab) => refusedCase(one, await lab.knocked()),
}));

const asking: readonly Rule[] = [
  rule(
    'pending',
    'Asking',
    'A request to connect that is in order is answered: it waits for the owner.',
    async (lab) => {
      const { pending } = await lab.knocked();
      return expect(pending?.answer.status === 'pending', 'pending', inWords(pending));
    },
  ),
  rule('same-again', 'Asking', 'The same request again gets the same answer.', async (lab) => {
    const { peer, request } = await lab.knocked();
    const handed = async (): Promise<Told | undefined> => {
      const count = peer.answers(request.id).length;
      await peer.hand(request);
      return peer.until(() => peer.answers(request.id)[count]);
    };
    const first = await handed();
    const again = await handed();
    const same = first !== undefined && again !== undefined && equalBytes(first.bytes, again.bytes);
    return expect(same, 'the same answer, byte for byte', inWords(again));
  }),
  rule(
    'used-once',
    'The invite',
    'An invite is used once: a second request is refused.',
    async (lab) => {
      const { peer, connection } = await lab.knocked();
      const sent = peer.forge('connection.request', await connectionRequest(connection), {
        event: { contract: undefined },
      });
      await peer.hand(sent);
      const told = await peer.until(() => peer.answers(sent.id)[0]);
      const right = told === undefined || isRefused(told.answer, ['duplicate']);
      return expect(right, 'refused as duplicate', inWords(told));
    },
  ),
  rule(
    'thief',
    'Asking',
    'Whoever comes second with the same invite is not taken, and hears nothing.',
    async (lab) => {
      const { peer, connection } = await lab.knocked();
      const before = peer.heard.length;
      const thief = { ...connection, keys: newServiceKeys() };
      const { identity } = await addressOf(thief);
      const epoch = await openEpoch(identity, peer.nextNumber());
      const payload = await connectionRequest(thief);
      const sent = forge({ identity, epoch, seen: 0 }, 'connection.request', payload);
      await peer.hand(sent);
      const barrier = await connectionRequest(connection);
      const later = peer.forge('connection.request', barrier, { event: { contract: undefined } });
      await peer.hand(later);
      await peer.until(() => peer.answers(later.id)[0]);
      await peer.until(() => undefined, peer.waits.pauseMs);
      const told = peer.answers(sent.id)[0];
      if (told !== undefined && !isRefused(told.answer, ['signature_invalid', 'duplicate']))
        return fault('not taken', inWords(told));
      const unread = peer.heard.slice(before).some(({ wrong }) => wrong !== undefined);
      return expect(!unread, 'nothing sealed to other keys', 'a message for somebody else');
    },
  ),
];

const deciding: readonly Rule[] = [
  rule(
    'accepted',
    'Accepted',
    'What is served when the owner accepts: a credential, its end, the optional fields given, the critical types.',
    async (lab) => {
      const { accepted, told } = await lab.main();
      const { credential, expires, optional, critical } = accepted;
      const lasts = expires - (told.answer.statement?.time ?? 0);
      const wrong = [
        [
          typeof credential?.jwt === 'string' && typeof credential.seed === 'string',
          'a credential',
        ],
        [Math.abs(lasts - lastsMs) <= skewMs, 'an end 30 days from then'],
        [
          JSON.stringify(optional) === JSON.stringify([fields.accepted]),
          'the optional field given',
        ],
        [Array.isArray(critical) && critical.every((type) => typeof type === 'string'), 'types'],
      ].find(([right]) => right === false);
      return expect(
        wrong === undefined,
        String(wrong?.[1]),
        JSON.stringify({ expires, optional, critical }),
      );
    },
  ),
  rule(
    'declined',
    'Declined',
    'When the owner declines, the request is refused, as "refused".',
    async (lab) => {
      const { peer, request, connection } = await lab.knock(await lab.invite(), mainTerms);
      await lab.owner('deny', connection.invite.connection);
      const told = await peer.ended(request.id);
      const right = told !== undefined && isRefused(told.answer, ['refused']);
      return expect(right, 'refused as refused', inWords(told));
    },
  ),
  rule(
    'required',
    'What the owner sees',
    'A connection is not accepted while the vault lacks a required field.',
    async (lab) => {
      const name = `conformance/required_${Date.now()}`;
      const knock = await lab.knock(await lab.invite(), demandingTerms(name));
      const { connection, peer, request } = knock;
      const { result } = await lab.tell('approve', connection.invite.connection);
      await peer.until(() => undefined, peer.waits.pauseMs);
      const early = peer.answers(request.id).some(({ answer }) => answer.status === 'served');
      if (result !== 'refused' || early) return fault('refused to the owner', 'accepted');
      await lab.owner('set', name, name);
      const told = (await lab.accept(knock)).told;
      return expect(told.answer.status === 'served', 'accepted, once it is there', inWords(told));
    },
  ),
];

/** Of a party that the owner severs: tried last. */
export const severedRules: readonly Rule[] = [
  rule(
    'severed',
    'Keys later',
    'What waits when the owner severs is refused as connection_severed.',
    async (lab) => {
      const { peer, held } = await lab.severed();
      const told = await peer.ended(held.id);
      const right = told !== undefined && isRefused(told.answer, ['connection_severed']);
      return expect(right, 'refused as connection_severed', inWords(told));
    },
  ),
];

export const handshakeRules: readonly Rule[] = [...asking, ...deciding];
