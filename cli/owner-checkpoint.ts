import type { FilePin } from '../core/pins/file-pin.ts';
import { ledgerIdOf } from '../ledger/chain.ts';
import {
  type Checkpoint,
  type Log,
  ledgerLog,
  openCheckpoint,
  parseCheckpoint,
} from '../ledger/checkpoint.ts';
import { cosign, cosignatureBy } from '../ledger/cosignature.ts';
import { noteKey } from '../ledger/note-key.ts';
import { verifyConsistency } from '../ledger/proofs.ts';
import { followRotations } from '../ledger/rotation.ts';
import { type RotationJson, rotationFromJson } from '../ledger/rotation-json.ts';
import { formatNote, type Note, parseNote } from '../ledger/signed-note.ts';
import { emptyFrontier, rootOf } from '../ledger/tree.ts';
import { fromBase64 } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { CheckpointShown } from '../wire/owner-results.ts';
import { CliError } from './cli-error.ts';
import type { OwnerApp } from './owner-app.ts';

/** Name under which the owner's app signs what it has seen. */
const cosignerName = 'cambium.owner-app';

/** Asks the vault for its checkpoint of now. */
export type AskCheckpoint = (payload: {
  readonly kept: number;
  readonly cosigned?: string;
  readonly record?: boolean;
}) => Promise<unknown>;

/**
 * What the owner's app does to notice that a vault's past was changed: it takes the checkpoint of now
 * only with the proof that it continues the one it keeps, signs it with the device's key, and keeps it. The
 * vault records what the app has signed.
 * @param record - whether the vault shall record a checkpoint too
 * @throws CliError when the vault shows another history, or a shorter one: an alarm, which the vault is
 * told of as well
 */
export async function keepCheckpoint(
  app: OwnerApp,
  pin: FilePin,
  ask: AskCheckpoint,
  record = false,
): Promise<Checkpoint> {
  const text = await pin.read();
  const shown = (await ask({
    kept: sizeIn(text),
    ...(record ? { record } : {}),
  })) as CheckpointShown;
  try {
    const log = logOf(app, shown.rotations);
    const before = text === undefined ? nothingYet(log) : opened(text, log).checkpoint;
    const { checkpoint, note } = opened(shown.note, log);
    expectContinued(before, checkpoint, shown.proof.map(fromBase64));
    const cosigned = cosignedNote(app, note);
    await pin.replace(text, cosigned);
    await ask({ kept: checkpoint.size, cosigned });
    return checkpoint;
  } catch (error) {
    // The vault that is told stops, if it is honest: it need not answer.
    if (text !== undefined && error instanceof Alarm)
      void ask({ kept: 0, cosigned: text }).catch(() => undefined);
    throw error;
  }
}

/** When the app signed what it keeps, Unix milliseconds; 0 when it has signed nothing yet. */
export async function keptAt(app: OwnerApp, pin: FilePin): Promise<number> {
  const text = await pin.read();
  const note = text === undefined ? undefined : parseNote(text);
  const { publicKey } = signerFrom(app.signingSeed);
  const key = noteKey('cosignature', cosignerName, publicKey);
  return (note === undefined ? 0 : (cosignatureBy(key, note)?.timeSeconds ?? 0)) * 1000;
}

/** Size in what the app keeps; nothing of it is proved yet. */
function sizeIn(text: string | undefined): number {
  const note = text === undefined ? undefined : parseNote(text);
  return (note && parseCheckpoint(note.text)?.size) ?? 0;
}

/** The ledger as a log, with the keys that follow from the one that the app knows. */
function logOf(app: OwnerApp, rotations: readonly RotationJson[]): Log {
  const id = ledgerIdOf(app.ledger);
  const followed = rotations.map(rotationFromJson);
  if (followRotations(id, app.ledger, followed) === undefined)
    throw new Alarm('its keys do not follow from the one that this app knows');
  return ledgerLog(id, [app.ledger, ...followed.map(({ publicKey }) => publicKey)]);
}

function nothingYet({ origin }: Log): Checkpoint {
  return { origin, size: 0, root: rootOf(emptyFrontier) };
}

function opened(text: string, log: Log): { checkpoint: Checkpoint; note: Note } {
  const found = openCheckpoint(text, log);
  if (found.ok) return found;
  throw new Alarm(`a checkpoint is not one of this ledger (${found.reason})`);
}

function expectContinued(before: Checkpoint, now: Checkpoint, proof: readonly Uint8Array[]): void {
  if (verifyConsistency(before, now, proof)) return;
  throw new Alarm(
    now.size < before.size
      ? `it shows ${now.size} records, and this app has seen ${before.size}`
      : 'what it shows does not continue what this app has seen',
  );
}

function cosignedNote(app: OwnerApp, note: Note): string {
  const seconds = Math.floor(Date.now() / 1000);
  const line = cosign(signerFrom(app.signingSeed), cosignerName, note.text, seconds);
  return formatNote({ ...note, signatures: [...note.signatures, line] });
}

/** What the vault shows cannot be what it was. */
class Alarm extends CliError {
  constructor(what: string) {
    const advice = 'Do not trust it; compare with an export or a witness.';
    super('failed', `ALARM: this vault is not the one that it was: ${what}. ${advice}`);
  }
}
