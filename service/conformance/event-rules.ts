import { equalBytes } from '../../wire/bytes.ts';
import { encode } from '../../wire/msgpack.ts';
import { freshId, type Sent } from './forgery.ts';
import {
  type Case,
  expect,
  fault,
  honest,
  inWords,
  onMain,
  refusesAll,
  settled,
  takesAll,
} from './judge.ts';
import type { Peer } from './peer.ts';
import { ofPage, type Rule } from './rule.ts';
import { fields } from './terms.ts';
import { strangersKey } from './wrong-keys.ts';

const rule = ofPage('event.md');
const type = 'data.request';
const payload = { fields: [fields.given] };
const dayMs = 24 * 60 * 60 * 1000;
const eventBytesMax = 131_072;
const uuid4 = '3d813cbb-47fb-42ba-91df-831e1593ac29';

/** An event with other members, or without some. */
const event = (what: string, members: Readonly<Record<string, unknown>>): Case => [
  what,
  (peer) => peer.forge(type, payload, { event: members }),
];

/** An event sent at another time. */
const sentAt = (what: string, sinceMs: number): Case => [
  what,
  (peer) => peer.forge(type, payload, { event: { time: Date.now() + sinceMs } }),
];

/** The same event in an envelope of its own. */
function sealedAgain(peer: Peer, first: Sent): Sent {
  return peer.forge(type, payload, { id: first.id, eventBytes: () => first.event });
}

/** An event of exactly so many bytes. */
function ofLength(peer: Peer, bytes: number): Sent {
  const filled = (length: number): Sent => peer.forge(type, { fields: ['x'.repeat(length)] });
  const around = filled(100_000).event.length - 100_000;
  return filled(bytes - around);
}

const members: readonly Rule[] = [
  rule(
    'member-missing',
    'Members',
    'An event without a member that is needed is refused.',
    refusesAll(
      'malformed',
      ...['id', 'type', 'time', 'party', 'payload'].map((name) =>
        event(`without ${name}`, { [name]: undefined }),
      ),
    ),
  ),
  rule(
    'member-nil',
    'Members',
    'A member that is not there is left out: nil in its place is refused.',
    refusesAll(
      'malformed',
      ...['expires', 'contract', 'cause'].map((name) => event(`${name} is nil`, { [name]: null })),
    ),
  ),
  rule(
    'member-unknown',
    'Members',
    'An event with a member that is not named is refused.',
    refusesAll('malformed', event('a member "colour"', { colour: 'blue' })),
  ),
  rule(
    'member-form',
    'Members',
    'An event with a member of another form is refused.',
    refusesAll(
      'malformed',
      event('an id that is no UUIDv7', { id: uuid4 }),
      event('a type in capitals', { type: 'Data.Request' }),
      event('a time below zero', { time: -1 }),
      event('a time of 2^48', { time: 2 ** 48 }),
      event('a party with a dot', { party: 'some.body' }),
      event('a cause that is no id', { cause: 'x' }),
      event('a contract of two members', { contract: { id: 'x', version: 1 } }),
      event('a contract of version 0', { contract: { id: 'x', version: 0, hash: '0'.repeat(64) } }),
      event('a hash in capitals', { contract: { id: 'x', version: 1, hash: 'A'.repeat(64) } }),
      ['not a map', (peer) => peer.forge(type, payload, { eventBytes: () => encode([1]) })],
    ),
  ),
  rule(
    'version',
    'Codes',
    'An event of another version is refused, before its other members are looked at.',
    refusesAll(
      'version_unsupported',
      event('version 2', { v: 2 }),
      event('no version', { v: undefined }),
      event('version 2 with other members', { v: 2, colour: 'blue', time: 'noon' }),
    ),
  ),
  rule(
    'version-after-msgpack',
    'Codes',
    'The msgpack is held to its rules before the version.',
    refusesAll('malformed', [
      'version 2, and bytes after it',
      (peer) =>
        peer.forge(type, payload, {
          event: { v: 2 },
          eventBytes: (bytes) => Uint8Array.of(...bytes, 0xc0),
        }),
    ]),
  ),
  rule(
    'too-large',
    'Codes',
    'An event of more than 131,072 bytes is refused as too large.',
    refusesAll('too_large', ['one byte more', (peer) => ofLength(peer, eventBytesMax + 1)]),
  ),
  rule(
    'largest',
    'Members',
    'An event of 131,072 bytes is read.',
    refusesAll('schema_invalid', [
      '131,072 bytes, most of them a field that is too long',
      (peer) => ofLength(peer, eventBytesMax),
    ]),
  ),
];

const received = 'What a receiver checks besides the form';

const checks: readonly Rule[] = [
  rule(
    'type',
    received,
    'An event of another type than its subject says is refused.',
    refusesAll(
      'sender_subject_mismatch',
      event('another type inside', { type: 'payment.request' }),
    ),
  ),
  rule(
    'id',
    received,
    'An event of another id than its envelope says is refused.',
    refusesAll('sender_subject_mismatch', [
      'another id inside',
      (peer) => peer.forge(type, payload, { event: { id: freshId() } }),
    ]),
  ),
  rule(
    'party',
    received,
    'An event that names another party than its subject is refused.',
    refusesAll(
      'sender_subject_mismatch',
      event('another party', { party: 'Somebody' }),
      event('the owner', { party: 'owner' }),
    ),
  ),
  rule(
    'signed',
    received,
    'An event that its party has not signed is refused.',
    refusesAll(
      'signature_invalid',
      ['unsigned', (peer) => peer.forge(type, payload, { signature: () => null })],
      ['signed by another', (peer) => peer.forge(type, payload, { signer: strangersKey() })],
    ),
  ),
  rule(
    'expired',
    received,
    'An event that its sender let expire is refused.',
    refusesAll('expired', [
      'expired a second ago',
      (peer) => peer.forge(type, payload, { event: { expires: Date.now() - 1_000 } }),
    ]),
  ),
  rule(
    'too-old',
    received,
    'An event that is more than 16 days old is refused.',
    refusesAll('expired', sentAt('17 days old', -17 * dayMs)),
  ),
  rule(
    'future',
    received,
    'An event from more than 2 minutes ahead is refused.',
    refusesAll('future_timestamp', sentAt('10 minutes ahead', 600_000)),
  ),
  rule(
    'skew',
    received,
    'An event up to 16 days old, or a little ahead, is taken.',
    takesAll(sentAt('15 days old', -15 * dayMs), sentAt('a minute ahead', 60_000), [
      'with an end that has not come',
      (peer) => peer.forge(type, payload, { event: { expires: Date.now() + 600_000 } }),
    ]),
  ),
  rule(
    'same-again',
    received,
    'The same bytes again get the recorded answer, byte for byte.',
    onMain(async (peer) => {
      const sent = honest(peer);
      return sameTwice(peer, sent, sent);
    }),
  ),
  rule(
    'same-resealed',
    received,
    'The same event in another envelope is the same event.',
    onMain(async (peer) => {
      const sent = honest(peer);
      return sameTwice(peer, sent, sealedAgain(peer, sent));
    }),
  ),
  rule(
    'duplicate',
    received,
    'The same id with other bytes is a duplicate, and changes nothing of the first.',
    onMain(async (peer) => {
      const sent = honest(peer);
      const first = await peer.ask(sent);
      const other = await peer.ask(peer.forge(type, { fields: [fields.absent] }, { id: sent.id }));
      if (other?.answer.status !== 'refused' || other.answer.code !== 'duplicate')
        return fault('the second event of that id refused as duplicate', inWords(other));
      const again = await peer.ask(sent);
      const same =
        first !== undefined && again !== undefined && equalBytes(first.bytes, again.bytes);
      return expect(same, 'the first event again gets its first answer', inWords(again));
    }),
  ),
  rule('order', received, 'The first of these checks that fails decides the code.', async (lab) => {
    const cases: readonly (readonly [string, Case])[] = [
      [
        'sender_subject_mismatch',
        [
          'of another party, and unsigned',
          (peer) =>
            peer.forge(type, payload, { event: { party: 'Somebody' }, signature: () => null }),
        ],
      ],
      [
        'signature_invalid',
        [
          'unsigned, and too old',
          (peer) =>
            peer.forge(type, payload, {
              event: { time: Date.now() - 17 * dayMs },
              signature: () => null,
            }),
        ],
      ],
    ];
    for (const [code, one] of cases) {
      const verdict = await refusesAll(code, one)(lab);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }),
];

/** Both get one answer, in the same bytes, and no other comes. */
async function sameTwice(peer: Peer, sent: Sent, again: Sent) {
  const first = await peer.ask(sent);
  if (first === undefined) return fault('an answer', 'no answer');
  const second = await peer.ask(again);
  await settled(peer);
  const answers = peer.answers(sent.id);
  const same = answers.every(({ bytes }) => equalBytes(bytes, first.bytes));
  return expect(second !== undefined && same, 'the same answer, byte for byte', inWords(second));
}

export const eventRules: readonly Rule[] = [...members, ...checks];
