import { equalBytes } from '../../wire/bytes.ts';
import { encode } from '../../wire/msgpack.ts';
import { expect, fault, firstWrong, vaultSays } from './judge.ts';
import { ofPage, type Rule } from './rule.ts';

/* What a vault itself sends: the same rules, from the other end. */

const eventRule = ofPage('event.md');
const envelopeRule = ofPage('envelope.md');

const events: readonly Rule[] = [
  eventRule(
    'vault-unsigned',
    'What a receiver checks besides the form',
    'What a vault sends is not signed.',
    vaultSays((peer) => {
      const signed = peer.heard.some(({ opened }) => opened?.signature !== undefined);
      return expect(!signed, 'no signature', 'a signed event');
    }),
  ),
  eventRule(
    'vault-form',
    'Members',
    'What a vault sends is an event in form, and names the vault as its party.',
    vaultSays((peer) => {
      for (const { event: said, envelope, wrong } of peer.heard) {
        if (wrong?.step === 'event') return fault('an event in form', wrong.what);
        if (said === undefined) continue;
        if (said.party !== peer.identity.vault) return fault('the vault as party', said.party);
        if (said.id !== envelope?.event) return fault('the id that its envelope says', said.id);
      }
      return undefined;
    }),
  ),
  eventRule(
    'vault-bytes',
    'The msgpack that is taken',
    'What a vault seals is written as a writer must: in the shortest form, times in eight bytes.',
    vaultSays((peer) => {
      for (const { event: said, opened } of peer.heard) {
        if (said === undefined || opened === undefined) continue;
        const { id, type: of, time, expires, party, contract, cause, payload: told } = said;
        const limit = expires === undefined ? undefined : BigInt(expires);
        const written = encode({
          ...{ v: 1, id, type: of, time: BigInt(time), expires: limit, party, contract, cause },
          payload: told,
        });
        if (!equalBytes(written, opened.event))
          return fault('the bytes that a writer gives', 'others that say the same');
      }
      return undefined;
    }),
  ),
];

const envelopes: readonly Rule[] = [
  envelopeRule(
    'vault-parts',
    'Parts',
    'What a vault sends is an envelope in form, of this connection.',
    vaultSays((peer) => firstWrong(peer, 'envelope')),
  ),
  envelopeRule(
    'vault-box',
    'The box',
    'What a vault sends opens under its epoch, bound to its own subject.',
    vaultSays((peer) => firstWrong(peer, 'box')),
  ),
  envelopeRule(
    'vault-padding',
    'The box',
    'What a vault sends is padded to exactly the length of the formula.',
    vaultSays((peer) => firstWrong(peer, 'padding')),
  ),
  envelopeRule(
    'vault-nonces',
    'Parts',
    'No two messages of a vault have the same nonce.',
    vaultSays((peer) => {
      const nonces = new Map<string, string>();
      for (const { envelope } of peer.heard) {
        if (envelope === undefined) continue;
        const nonce = Buffer.from(envelope.nonce).toString('hex');
        const before = nonces.get(nonce) ?? envelope.event;
        if (before !== envelope.event) return fault('a nonce of its own', 'one for two events');
        nonces.set(nonce, envelope.event);
      }
      return undefined;
    }),
  ),
];

export const sentRules: readonly Rule[] = [...events, ...envelopes];
