/* What two verifiers have to agree on: commits, records and checkpoints as an attacker would make them. */
import { leafOf, nextHead } from '../ledger/chain.ts';
import { type ChainEnd, emptyChain } from '../ledger/chain-end.ts';
import { ledgerOrigin, signCheckpoint } from '../ledger/checkpoint.ts';
import { verifyCommit } from '../ledger/commit.ts';
import { encodeCommit } from '../ledger/commit-format.ts';
import { signNote } from '../ledger/signed-note.ts';
import { fixedBytes, identity, signer, startTime } from '../ledger/testing/fixtures.ts';
import { laterSigners, type SampleLedger } from '../replay/testing/sample-ledger.ts';
import { concat, fromHex, toBase64 } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import { decode, encode, integer, type MsgpackValue } from '../wire/msgpack.ts';

type Parts = readonly MsgpackValue[];

/** The parts of a commit, changed and encoded again; what was signed stays as it was. */
export function editCommit(commit: Uint8Array, change: (parts: Parts) => unknown): Uint8Array {
  return encode(change(decode(commit) as Parts));
}

const bytes = (length: number): Uint8Array => fixedBytes('bytes').slice(0, length);
const with_ =
  (place: number, value: unknown) =>
  (parts: Parts): unknown =>
    parts.with(place, value as MsgpackValue);

/** Changes to a commit by their names. */
export const edits: readonly (readonly [string, (parts: Parts) => unknown])[] = [
  ['encoded again', (parts) => parts],
  ['not an array', () => ({ v: 1 })],
  ['empty', () => []],
  ...[0, 2, 3, 1.5, -1, 2 ** 60, 'one', true, null].map(
    (version) => [`version ${version}`, with_(0, version)] as const,
  ),
  ['a part less', (parts) => parts.slice(0, -1)],
  ['a part more', (parts) => [...parts, null]],
  ['version 2, a part more', (parts) => [2, ...parts.slice(1), null]],
  ['a short ledger id', with_(1, bytes(15))],
  ['a ledger id that is text', with_(1, 'id')],
  ...[-1, 1.5, 2 ** 53 - 1, 2 ** 53, 2 ** 60, 7, 'zero', null].map(
    (index) => [`first index ${index}`, with_(2, index)] as const,
  ),
  ['another head', with_(3, bytes(32))],
  ['a short head', with_(3, bytes(31))],
  ['a head that is text', with_(3, 'head')],
  ['no records', with_(4, [])],
  ['a record that is text', with_(4, ['record'])],
  ['records that are binary', with_(4, bytes(3))],
  ['too many records', (parts) => parts.with(4, Array(1_001).fill(bytes(1)) as never)],
  ['the last record doubled', (parts) => parts.with(4, lastDoubled(parts[4]) as never)],
  ['a short signature', with_(5, bytes(31))],
  ['another signature', with_(5, concat(bytes(32), bytes(32)))],
  ['a signature of the other form', (parts) => parts.with(5, malleable(parts[5]))],
  ...rotationEdits(),
];

function rotationEdits(): (readonly [string, (parts: Parts) => unknown])[] {
  const change =
    (edit: (rotation: Parts) => unknown) =>
    (parts: Parts): unknown => {
      const rotation = parts[6];
      return Array.isArray(rotation) ? parts.with(6, edit(rotation) as MsgpackValue) : parts;
    };
  return [
    ['signatures of keys swapped', change(([key, old, next]) => [key, next, old])],
    ['another new key', change(([, ...signatures]) => [laterSigners[1].publicKey, ...signatures])],
    [
      'a new key of small order',
      change(([, ...signatures]) => [new Uint8Array(32), ...signatures]),
    ],
    ['a short new key', change(([, ...signatures]) => [bytes(31), ...signatures])],
    ['a change of keys without a signature', change(([key, old]) => [key, old])],
    ['no change of keys', (parts) => [1, ...parts.slice(1, 6)]],
  ];
}

function lastDoubled(records: MsgpackValue | undefined): unknown {
  return Array.isArray(records) ? [...records, records.at(-1)] : records;
}

const order = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The same signature with its scalar a whole order greater: only a strict reader tells them apart. */
function malleable(signature: MsgpackValue | undefined): Uint8Array {
  if (!(signature instanceof Uint8Array)) return bytes(0);
  const scalar = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString('hex')}`) + order;
  const hex = scalar.toString(16).padStart(64, '0');
  return concat(signature.slice(0, 32), Uint8Array.from(fromHex(hex)).reverse());
}

/** A commit of version 1 whose version is written as a float: the same number. */
export function floatVersion(commit: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x96, 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0), commit.slice(2));
}

const header = [1, 20, integer(startTime + 1), bytes(16), bytes(24), bytes(32)];
const put = (place: number, value: unknown): unknown[] => header.with(place, value as never);

/** Headers of records by what is odd about them; the first is good as record 1. */
export const headers: readonly (readonly [string, unknown])[] = [
  ['good', header],
  ['a genesis', put(1, 1)],
  ['a time in a float', put(2, startTime + 1)],
  ['a time before', put(2, integer(5))],
  ...[-1, 1.5, 2 ** 53, 2 ** 60, 'now', true, null].map(
    (time) => [`time ${time}`, put(2, time)] as const,
  ),
  ...[0, 25, 255, -1, 1.5, 20.5, 2 ** 60, 'stored', true, null].map(
    (kind) => [`kind ${kind}`, put(1, kind)] as const,
  ),
  ...[0, 2, 1.5, 'one', false, null].map(
    (version) => [`version ${version}`, put(0, version)] as const,
  ),
  ['version 2 with other parts', [2, 'more']],
  ['no parts', []],
  ['a part less', header.slice(0, -1)],
  ['a part more', [...header, 1]],
  ['a short scope', put(3, bytes(15))],
  ['a scope that is text', put(3, 'scope')],
  ['a long nonce', put(4, bytes(25))],
  ['a short commitment', put(5, bytes(31))],
  ['a map', { v: 1 }],
];

/** The ledger's first commits, then one whose only record has this header, signed as it should be. */
export function signedWith(
  commits: readonly Uint8Array[],
  index: 0 | 1,
  oddHeader: unknown,
): readonly Uint8Array[] {
  const [first = bytes(0)] = commits;
  const start = emptyChain(identity);
  const before: ChainEnd = index === 0 ? start : verifyCommit(first, identity, start).end;
  const record = encode([encode(oddHeader), bytes(32)]);
  const head = nextHead(before.head, leafOf(record));
  const odd = encodeCommit({ signer, ledgerId: identity.id, before, records: [record], head });
  return [...commits.slice(0, index), odd];
}

/** Notes by what is odd about them. */
export function oddNotes({ notes }: SampleLedger): readonly (readonly [string, string])[] {
  const origin = ledgerOrigin(identity.id);
  const [size, good = ''] = [...notes][1] ?? [0];
  const root = good.split('\n')[2] ?? '';
  const [text = '', lines = ''] = good.split('\n\n');
  const stranger = signerFrom(fixedBytes('stranger'));
  const odd = (name: string, other: string) => [name, signNote(signer, origin, other)] as const;
  const other = { origin, size, root: fixedBytes('root') };
  return [
    ...[...notes].map(([at, note]) => [`of ${at} records`, note] as const),
    odd('by the first key, with more', `${origin}\n${size}\n${root}\nmore\n`),
    odd('of another log', `cambium.vault/${'0'.repeat(32)}\n${size}\n${root}\n`),
    odd('with a leading zero', `${origin}\n0${size}\n${root}\n`),
    odd('with a size that is no number', `${origin}\nfour\n${root}\n`),
    odd('with a size in other digits', `${origin}\n٤\n${root}\n`),
    odd('with a size too large', `${origin}\n9007199254740993\n${root}\n`),
    odd('with a short root', `${origin}\n${size}\n${toBase64(bytes(31))}\n`),
    odd(
      'with a root in another alphabet',
      `${origin}\n${size}\n${root.replaceAll(/[+/]/g, '_')}\n`,
    ),
    odd('without a root', `${origin}\n${size}\n`),
    odd('with an empty line', `${origin}\n${size}\n${root}\n\nmore\n`),
    odd('of more records than there are', `${origin}\n1000\n${root}\n`),
    ['with another root', signCheckpoint(signer, other)],
    ['by a later key', signCheckpoint(laterSigners[1], other)],
    ['by nobody we know', signCheckpoint(stranger, other)],
    ['named otherwise', signCheckpoint(signer, { ...other, origin: 'cambium.vault/other' })],
    ['with a witness', `${good}\u2014 witness.example/w ${toBase64(bytes(30))}\n`],
    ['with a name that has a plus', `${good}\u2014 wit+ness ${toBase64(bytes(30))}\n`],
    ['with a line that is no signature', `${good}nothing\n`],
    ['with a signature of four bytes', `${good}\u2014 witness ${toBase64(bytes(4))}\n`],
    ['with a signature that is not base64', `${good}\u2014 witness c2ln*\n`],
    ['with a signature that has spare bits', `${good}\u2014 witness c2lnbmF0dXJlcx==\n`],
    ['with its own line twice', `${text}\n\n${lines}${lines}`],
    ['forged', good.replace(root, toBase64(bytes(32)))],
    ['with a second, forged line', `${text}\n\n${lines}${otherSignature(lines)}`],
    ['without signatures', `${text}\n\n`],
    ['without a gap', `${text}\n`],
    ['with too many lines', `${text}\n\n${lines.repeat(65)}`],
    ['of nothing', '\n'],
  ];
}

/** The line with its last signature byte another. */
function otherSignature(line: string): string {
  const [dash = '', name = '', data = ''] = line.trimEnd().split(' ');
  const signature = Buffer.from(data, 'base64');
  signature[10] = (signature[10] ?? 0) ^ 1;
  return `${dash} ${name} ${signature.toString('base64')}\n`;
}
