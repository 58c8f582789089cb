import { ledgerIdOf } from '../ledger/chain.ts';
import type { SigningKey } from '../ledger/chain-end.ts';
import { ledgerLog, openCheckpoint } from '../ledger/checkpoint.ts';
import { cosignatureBy } from '../ledger/cosignature.ts';
import { type NoteKey, noteKey, parseVkey } from '../ledger/note-key.ts';
import { type PlacedRotation, verifyRotation } from '../ledger/rotation.ts';
import { type RotationJson, rotationFromJson } from '../ledger/rotation-json.ts';
import { isBy, type NoteSignature } from '../ledger/signed-note.ts';
import type { TreeHead } from '../ledger/tree.ts';
import { equalBytes, fromHex } from '../wire/bytes.ts';
import { ReceiptError } from './receipt-error.ts';
import type { ReceiptEvidence } from './receipt-format.ts';

/** The keys that a ledger has had, as far as a receipt shows them; each follows from the one before. */
export type KeyChain = {
  /** 16 bytes. */
  readonly ledgerId: Uint8Array;
  readonly keys: readonly SigningKey[];
};

/** A witness's word: it saw this checkpoint then, and the ledger had only grown. */
export type Witnessed = { readonly name: string; readonly timeSeconds: number };

/** A checkpoint that a key of the chain signed. */
export type ProvenCheckpoint = TreeHead & {
  /** Which of the keys signed it. */
  readonly signer: SigningKey;
  /** Those of the witnesses asked for. */
  readonly witnesses: readonly Witnessed[];
  /** Names in other signature lines: nothing is known of them. */
  readonly unknown: readonly string[];
};

/**
 * Follows a ledger's keys from its first one.
 * @throws ReceiptError LEDGER_ID, ROTATION_INVALID, MALFORMED
 */
export function followKeys({ ledger, rotations }: ReceiptEvidence): KeyChain {
  const first = parseVkey(ledger.key);
  if (first?.type !== 'note') throw new ReceiptError('MALFORMED', 'the first key is no vkey');
  const ledgerId = fromHex(ledger.id);
  const isIts = equalBytes(ledgerIdOf(first.publicKey), ledgerId);
  if (!isIts || first.name !== ledgerLog(ledgerId, []).origin)
    throw new ReceiptError('LEDGER_ID', 'the ledger is not the one of its first key');
  const keys: SigningKey[] = [{ from: 0, publicKey: first.publicKey }];
  for (const rotation of rotations) {
    const before = keys.at(-1) ?? { from: 0, publicKey: first.publicKey };
    const change = placedRotation(rotation);
    const { index, publicKey } = change;
    if (index <= before.from || !verifyRotation(change, before.publicKey, ledgerId))
      throw new ReceiptError('ROTATION_INVALID', `the change of keys at record ${index}`);
    keys.push({ from: index, publicKey });
  }
  return { ledgerId, keys };
}

/**
 * Opens the checkpoint, and sees that the key which signed it was in force, and follows from the reader's.
 * @param given - the key that the reader knows the ledger by, 32 bytes
 * @param witnesses - those that must have cosigned it
 * @throws ReceiptError CHECKPOINT_INVALID, KEY_RETIRED, KEY_NOT_FOLLOWED, WITNESS_MISSING
 */
export function proveCheckpoint(
  note: string,
  { ledgerId, keys }: KeyChain,
  given: Uint8Array | undefined,
  witnesses: readonly NoteKey[],
): ProvenCheckpoint {
  const log = ledgerLog(
    ledgerId,
    keys.map(({ publicKey }) => publicKey),
  );
  const opened = openCheckpoint(note, log);
  if (!opened.ok)
    throw new ReceiptError('CHECKPOINT_INVALID', `the checkpoint is ${opened.reason}`);
  const { size, root } = opened.checkpoint;
  const at = keys.findLastIndex(({ publicKey }) => isOf(opened.by, publicKey));
  const signer = keys[at];
  if (signer === undefined) throw new Error('opened by a key that is not in the log');
  if (!isInForce(keys, at, size))
    throw new ReceiptError('KEY_RETIRED', `its key was not the one in force at ${size} records`);
  if (given !== undefined) expectFollowed(keys.slice(0, at + 1), given);
  const signatures = opened.note.signatures;
  const known = [...log.keys, ...witnesses];
  return {
    ...{ size, root, signer },
    witnesses: witnesses.map((key) => {
      const cosigned = cosignatureBy(key, opened.note);
      if (cosigned === undefined)
        throw new ReceiptError('WITNESS_MISSING', `${key.name} has not cosigned it`);
      return { name: key.name, timeSeconds: cosigned.timeSeconds };
    }),
    unknown: signatures.filter((line) => !isKnown(line, known)).map(({ name }) => name),
  };
}

/**
 * Whether the key at `at` signs what the ledger of `size` records says: not after it was replaced. At
 * the change itself both are in force.
 */
function isInForce(keys: readonly SigningKey[], at: number, size: number): boolean {
  const [key, next] = [keys[at], keys[at + 1]];
  return key !== undefined && key.from <= size && (next === undefined || size <= next.from);
}

/** First key of the chain as a vkey's key. */
export function firstKeyOf(ledgerId: Uint8Array, publicKey: Uint8Array): NoteKey {
  return noteKey('note', ledgerLog(ledgerId, []).origin, publicKey);
}

function placedRotation(json: RotationJson): PlacedRotation {
  try {
    return rotationFromJson(json);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ReceiptError('MALFORMED', 'a change of keys is not base64');
  }
}

function expectFollowed(upToSigner: readonly SigningKey[], given: Uint8Array): void {
  if (upToSigner.some(({ publicKey }) => equalBytes(publicKey, given))) return;
  throw new ReceiptError('KEY_NOT_FOLLOWED', 'your key does not lead to the checkpoint’s');
}

function isOf(by: readonly NoteKey[], publicKey: Uint8Array): boolean {
  return by.some((key) => equalBytes(key.publicKey, publicKey));
}

function isKnown(line: NoteSignature, keys: readonly NoteKey[]): boolean {
  return keys.some((key) => isBy(line, key));
}
