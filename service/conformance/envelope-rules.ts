import { encode } from '../../wire/msgpack.ts';
import { paddedBytes } from '../../wire/padding.ts';
import type { Aad, Forgery } from './forgery.ts';
import { type Case, refusesAll, takesNone } from './judge.ts';
import { ofPage, type Rule } from './rule.ts';
import { fields } from './terms.ts';
import { withLargeS } from './wrong-keys.ts';

const rule = ofPage('envelope.md');
const type = 'data.request';
const payload = { fields: [fields.given] };
const envelopeBytesMax = 196_608;

/** Another subject, connection and event than any that is there. */
export const elsewhere = {
  type: 'data.elsewhere',
  connection: 'elsewhereelsewhereelsewher',
  event: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
} as const;

const forged = (what: string, forgery: Forgery): Case => [
  what,
  (peer) => peer.forge(type, payload, forgery),
];

/** One part of the envelope is another. */
const part = (what: string, at: number, value: unknown): Case =>
  forged(what, { parts: (honest) => honest.map((old, index) => (index === at ? value : old)) });

/** The parts, but for version or suite, are sealed and written as if it were another. */
const ofVersion = (name: 'version' | 'suite', value: unknown): readonly Case[] => {
  const at = name === 'version' ? 0 : 1;
  const parts = (honest: readonly unknown[]): unknown[] =>
    honest.map((old, index) => (index === at ? value : old));
  return [
    forged(`${name} ${String(value)}`, { parts, aad: { [name]: value } }),
    forged(`${name} ${String(value)}, outside only`, { parts }),
  ];
};

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

/** A bit of one part is flipped. */
const bit = (what: string, part: number, place: (bytes: Uint8Array) => number): Case =>
  forged(what, {
    parts: (honest) =>
      honest.map((old, index) =>
        index === part && old instanceof Uint8Array ? flipped(old, place(old)) : old,
      ),
  });

const form: readonly Rule[] = [
  rule(
    'version',
    'Codes',
    'An envelope of another version is not taken.',
    takesNone(
      ['version_unsupported'],
      ...[2, 0, '1'].flatMap((value) => ofVersion('version', value)),
    ),
  ),
  rule(
    'suite',
    'Codes',
    'An envelope of another suite is not taken.',
    takesNone(['suite_refused'], ...[2, 0].flatMap((value) => ofVersion('suite', value))),
  ),
  rule(
    'parts',
    'Parts',
    'An envelope has exactly eight parts, each of its form.',
    takesNone(
      ['malformed'],
      forged('seven parts', { parts: (honest) => honest.slice(0, 7) }),
      forged('nine parts', { parts: (honest) => [...honest, null] }),
      forged('a map', { parts: (honest) => Object.fromEntries(honest.entries()) }),
      part('a connection in capitals', 2, 'A'.repeat(26)),
      part('epoch 0', 3, 0),
      part('epoch 2^32', 3, 2 ** 32),
      part('an event id that is none', 4, 'x'),
      forged('a nonce of 23 bytes', {
        parts: (honest) => honest.map((old, at) => (at === 5 ? (old as Uint8Array).slice(1) : old)),
      }),
      forged('an opening of two parts', {
        parts: (honest) => honest.map((old, at) => (at === 6 ? (old as unknown[]).slice(1) : old)),
      }),
      part('a box that is text', 7, 'x'),
    ),
  ),
  rule(
    'msgpack',
    'Example',
    'The msgpack of an envelope is held to the same rules.',
    takesNone(
      ['malformed'],
      forged('bytes after it', { bytes: (honest) => Uint8Array.of(...honest, 0xc0) }),
      forged('cut short', { bytes: (honest) => honest.subarray(0, -1) }),
      forged('no msgpack', { bytes: () => new Uint8Array(300).fill(0xc1) }),
    ),
  ),
  rule(
    'too-large',
    'Codes',
    'An envelope of more than 196,608 bytes is not taken.',
    takesNone(
      ['too_large'],
      forged('a box of 196,608 bytes', {
        padding: (inner) => {
          const long = new Uint8Array(envelopeBytesMax);
          long.set(inner);
          long[inner.length] = 0x80;
          return long;
        },
      }),
    ),
  ),
  rule(
    'connection',
    'Receiving',
    'An envelope that names another connection than its party has is refused.',
    refusesAll(
      'sender_subject_mismatch',
      forged('another connection', {
        parts: (honest) => honest.map((old, at) => (at === 2 ? elsewhere.connection : old)),
        aad: { connection: elsewhere.connection },
      }),
    ),
  ),
];

/** An envelope that is bound to something else does not open. */
const bound = (
  id: string,
  what: string,
  aad: (peer: Parameters<Case[1]>[0]) => Partial<Aad>,
): Rule =>
  rule(
    `aad-${id}`,
    'The box',
    `An envelope is bound to its ${what}: of another it does not open.`,
    refusesAll('decrypt_failed', [
      `sealed for another ${what}`,
      (peer) => peer.forge(type, payload, { aad: aad(peer) }),
    ]),
  );

const box: readonly Rule[] = [
  bound('subject', 'subject', ({ identity }) => ({
    subject: `MessageSpace.${identity.vault}.fromService.${identity.party}.${elsewhere.type}`,
  })),
  bound('connection', 'connection', () => ({ connection: elsewhere.connection })),
  bound('epoch', 'epoch', ({ epoch }) => ({ epoch: epoch.number + 1 })),
  bound('event', 'event id', () => ({ event: elsewhere.event })),
  bound('version', 'version', () => ({ version: 2 })),
  bound('suite', 'suite', () => ({ suite: 2 })),
  bound('domain', 'domain', () => ({ domain: 'cambium/envelope/v2' })),
  rule(
    'altered',
    'The box',
    'An envelope of which a bit was changed does not open.',
    refusesAll(
      'decrypt_failed',
      bit('a bit of the ciphertext', 7, () => 0),
      bit('a bit of the tag', 7, (bytes) => bytes.length - 1),
      bit('a bit of the nonce', 5, () => 0),
    ),
  ),
  rule(
    'padding',
    'The box',
    'Padding of any other length or form is refused.',
    refusesAll(
      'malformed',
      forged('none', { padding: (inner) => inner }),
      forged('64 bytes more', {
        padding: (inner) => padded(inner, paddedBytes(inner.length) + 64),
      }),
      forged('64 bytes less', { padding: (inner) => padded(inner, inner.length + 1) }),
      forged('something behind the mark', {
        padding: (inner) => {
          const bytes = padded(inner, paddedBytes(inner.length));
          bytes[bytes.length - 1] = 1;
          return bytes;
        },
      }),
    ),
  ),
  rule(
    'inner',
    'The box',
    'The sealed part is exactly an event, a signature or nil, and an epoch.',
    refusesAll(
      'malformed',
      forged('two parts', { inner: (honest) => honest.slice(0, 2) }),
      forged('four parts', { inner: (honest) => [...honest, null] }),
      forged('a signature of 63 bytes', { signature: (honest) => honest.slice(1) }),
      forged('a seen epoch below zero', { seen: -1 }),
      forged('a seen epoch of 2^32', { seen: 2 ** 32 }),
      forged('no seen epoch', { seen: null }),
      forged('an event that is text', { inner: ([, ...others]) => ['x', ...others] }),
    ),
  ),
];

/** The signature of an event is for one place only. */
const signedFor = (id: string, what: string, forgery: (number: number) => Forgery): Rule =>
  rule(
    `signature-${id}`,
    'Signatures',
    `An event's signature is over its ${what}: made for another it is refused.`,
    refusesAll('signature_invalid', [
      `signed for another ${what}`,
      (peer) => peer.forge(type, payload, forgery(peer.epoch.number)),
    ]),
  );

const signatures: readonly Rule[] = [
  signedFor('subject', 'subject', () => ({ signedFor: { subject: elsewhere.type } })),
  signedFor('connection', 'connection', () => ({
    signedFor: { connection: elsewhere.connection },
  })),
  signedFor('epoch', 'epoch', (number) => ({ signedFor: { epoch: number + 1 } })),
  signedFor('encapsulation', 'encapsulation', () => ({ signedFor: { hash: new Uint8Array(32) } })),
  signedFor('domain', 'domain', () => ({ signedFor: { domain: 'cambium/event/v2' } })),
  rule(
    'signature-bytes',
    'Signatures',
    'A signature is over the exact bytes of the event.',
    refusesAll(
      'signature_invalid',
      forged('a bit of the signature', { signature: (honest) => flipped(honest, 0) }),
      forged('bytes that say the same', {
        inner: ([event, ...others]) => [withLongerVersion(event as Uint8Array), ...others],
      }),
    ),
  ),
  rule(
    'signature-order',
    'Signatures',
    "A signature whose S is not below the group's order is refused.",
    refusesAll('signature_invalid', forged('S + L in the place of S', { signature: withLargeS })),
  ),
];

function padded(inner: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(inner);
  out[inner.length] = 0x80;
  return out;
}

/** The event with its version in two bytes: other bytes, and the same event. */
function withLongerVersion(event: Uint8Array): Uint8Array {
  const key = encode('v');
  return Uint8Array.of(event[0] ?? 0, ...key, 0xcc, 1, ...event.subarray(2 + key.length));
}

export const envelopeRules: readonly Rule[] = [...form, ...box, ...signatures];
