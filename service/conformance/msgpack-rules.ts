import { concat } from '../../wire/bytes.ts';
import { freshId } from './forgery.ts';
import { type Case, refusesAll, takesAll } from './judge.ts';
import {
  float,
  head,
  member,
  nested,
  text,
  wideArray,
  wideInteger,
  wideMap,
  withMembers,
  withPayload,
} from './msgpack-bytes.ts';
import type { Peer } from './peer.ts';
import { ofPage, type Rule } from './rule.ts';
import { fields } from './terms.ts';

const rule = ofPage('event.md');
const section = 'The msgpack that is taken';
const nil = Uint8Array.of(0xc0);

/** An event whose bytes are others. */
const bytes = (what: string, change: (honest: Uint8Array) => Uint8Array): Case => [
  what,
  (peer) => peer.forge('data.request', { fields: [fields.given] }, { eventBytes: change }),
];

/** An event whose payload is these bytes. */
const payload = (what: string, value: Uint8Array): Case =>
  bytes(what, (honest) => withPayload(honest, value));

const refused = (id: string, says: string, ...cases: readonly Case[]): Rule =>
  rule(id, section, says, refusesAll('malformed', ...cases));

/** An honest event in the widest of all encodings, its members the other way round. */
function widest(peer: Peer, id: string, time: Uint8Array): Uint8Array {
  const { contract, identity } = peer;
  const terms = wideMap(
    concat(text('hash', 4), text(contract?.hash ?? '', 4)),
    concat(text('version', 2), wideInteger(contract?.version ?? 1)),
    concat(text('id'), text(contract?.id ?? '', 2)),
  );
  return wideMap(
    concat(text('payload', 2), wideMap(concat(text('fields'), wideArray(text(fields.given, 4))))),
    concat(text('contract', 2), terms),
    concat(text('party'), text(identity.party, 4)),
    concat(text('time'), time),
    concat(text('type', 4), text('data.request', 4)),
    concat(text('id'), text(id, 2)),
    concat(text('v'), wideInteger(1)),
  );
}

/** Such an event, with its time written in some way. */
const wide = (what: string, time: () => Uint8Array): Case => [
  what,
  (peer) => {
    const id = freshId();
    return peer.forge('data.request', {}, { id, eventBytes: () => widest(peer, id, time()) });
  },
];

export const msgpackRules: readonly Rule[] = [
  refused(
    'msgpack-whole',
    'Bytes after the one value, or a value cut short, are refused.',
    bytes('a byte more', (honest) => concat(honest, nil)),
    bytes('a byte less', (honest) => honest.subarray(0, -1)),
    bytes('nothing', () => new Uint8Array(0)),
  ),
  refused(
    'msgpack-keys',
    'A map key that is not text, or that is __proto__, is refused.',
    payload('a number as a key', Uint8Array.of(0x81, 0x01, 0xc0)),
    payload('a key __proto__', concat(Uint8Array.of(0x81), member('__proto__', nil))),
  ),
  refused(
    'msgpack-twice',
    'A map key that stands twice is refused, in whichever encoding.',
    bytes('a second payload', (honest) => withMembers(honest, member('payload', nil))),
    bytes('a second payload, its key longer written', (honest) =>
      withMembers(honest, concat(text('payload'), nil)),
    ),
    payload(
      'a key twice further in',
      concat(Uint8Array.of(0x82), member('a', nil), member('a', nil)),
    ),
  ),
  refused(
    'msgpack-extensions',
    'Extension types, time stamps among them, and the byte c1 are refused.',
    payload('an extension', Uint8Array.of(0xc7, 0x01, 0x05, 0x00)),
    payload('a time stamp', Uint8Array.of(0xd6, 0xff, 0x00, 0x00, 0x00, 0x01)),
    payload('the byte c1', Uint8Array.of(0xc1)),
  ),
  refused(
    'msgpack-text',
    'Text that is not UTF-8 is refused, overlong forms and surrogates included.',
    payload('a byte ff', text(Uint8Array.of(0xff))),
    payload('an overlong form', text(Uint8Array.of(0xc0, 0x80))),
    payload('a surrogate', text(Uint8Array.of(0xed, 0xa0, 0x80))),
  ),
  refused(
    'msgpack-numbers',
    'Integers beyond 2^53 - 1, infinities and what is no number are refused.',
    payload('2^53', head(0xcf, 2 ** 53, 8)),
    payload('-2^63', Uint8Array.of(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0)),
    payload('infinity', float(Number.POSITIVE_INFINITY)),
    payload('not a number', float(Number.NaN)),
  ),
  refused('msgpack-depth', 'Nesting deeper than 16 is refused.', payload('17 levels', nested(16))),
  refused(
    'msgpack-counts',
    'A count of more items than bytes remain is refused.',
    payload('an array of 2^32 - 1', head(0xdd, 0xffffffff, 4)),
    payload('a map of 2^32 - 1', head(0xdf, 0xffffffff, 4)),
    payload('binary of 2^32 - 1', head(0xc6, 0xffffffff, 4)),
  ),
  rule(
    'msgpack-deep',
    section,
    'Nesting up to 16 is read.',
    refusesAll('schema_invalid', payload('16 levels', nested(15))),
  ),
  rule(
    'msgpack-widths',
    section,
    'Integers and lengths are taken in any width, and members in any order.',
    takesAll(wide('the widest encodings', () => wideInteger(Date.now()))),
  ),
  rule(
    'msgpack-floats',
    section,
    'A float that is a whole number is that integer.',
    takesAll(wide('a time as a float', () => float(Date.now()))),
  ),
];
