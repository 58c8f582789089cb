import type { FilePin } from '../core/pins/file-pin.ts';
import { ledgerIdOf } from '../ledger/chain.ts';
import { type Checkpoint, ledgerLog, openCheckpoint } from '../ledger/checkpoint.ts';
import { cosign, cosignatureBy } from '../ledger/cosignature.ts';
import { noteKey } from '../ledger/note-key.ts';
import { verifyConsistency } from '../ledger/proofs.ts';
import { followRotations } from '../ledger/rotation.ts';
import { type RotationJson, rotationFromJson } from '../ledger/rotation-json.ts';
import { formatNote, type Note, parseNote } from '../ledger/signed-note.ts';
import { emptyFrontier, rootOf } from '../ledger/tree.ts';
import { fromBase64 } from '../wire/bytes.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { CheckpointShown } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { OwnerApp } from './owner-app.ts';

/** Name under which the owner's app signs what it has seen. */
const cosignerName = 'cambium.owner-app';

type Seen = { readonly text: string | undefined; readonly checkpoint: Checkpoint };

/** Asks the vault for its checkpoint of now. */
export type AskCheckpoint = (payload: {
  readonly kept: number;
  readonly cosigned?: string;
  readonly record?: boolean;
}) => Promise<unknown>;

/**
 * What the owner's app does to notice that a vault's past was changed: it takes the checkpoint of now
 * only with the proof that it continues the one it keeps, signs it with the device's key, and keeps it.
 * @param record - whether the vault shall record a checkpoint too
 * @throws CliError when the vault shows another history, or a shorter one: an alarm
 */
export async function keepCheckpoint(
  app: OwnerApp,
  pin: FilePin,
  ask: AskCheckpoint,
  record = false,
): Promise<Checkpoint> {
  const kept = await pin.read();
  const before = await keptCheckpoint(app, ask, kept);
  const cosigned = before.text === undefined ? {} : { cosigned: before.text };
  const asked = { kept: before.checkpoint.size, ...cosigned, ...(record ? { record } : {}) };
  const shown = (await ask(asked)) as CheckpointShown;
  const { checkpoint, note } = opened(app, shown.note, shown.rotations);
  const proof = shown.proof.map(fromBase64);
  if (!verifyConsistency(before.checkpoint, checkpoint, proof))
    throw alarm(
      checkpoint.size < before.checkpoint.size
        ? `it shows ${checkpoint.size} records, and this app has seen ${before.checkpoint.size}`
        : 'what it shows does not continue what this app has seen',
    );
  await pin.replace(kept, cosignedNote(app, note));
  return checkpoint;
}

/** When the app signed what it keeps, Unix milliseconds; 0 when it has signed nothing yet. */
export async function keptAt(app: OwnerApp, pin: FilePin): Promise<number> {
  const text = await pin.read();
  const note = text === undefined ? undefined : parseNote(text);
  const { publicKey } = signerFrom(app.signingSeed);
  const key = noteKey('cosignature', cosignerName, publicKey);
  return (note === undefined ? 0 : (cosignatureBy(key, note)?.timeSeconds ?? 0)) * 1000;
}

/** What the app keeps; the tree without records where it keeps nothing yet. */
async function keptCheckpoint(
  app: OwnerApp,
  ask: AskCheckpoint,
  text: string | undefined,
): Promise<Seen> {
  const { origin } = ledgerLog(ledgerIdOf(app.ledger), []);
  const empty = { origin, size: 0, root: rootOf(emptyFrontier) };
  if (text === undefined) return { text, checkpoint: empty };
  // Signed with a key that the ledger has had since: the vault says how one followed the other.
  const { rotations } = (await ask({ kept: 0 })) as CheckpointShown;
  return { text, checkpoint: opened(app, text, rotations).checkpoint };
}

/** A checkpoint that one of the ledger's keys has signed, as far as these rotations say. */
function opened(
  app: OwnerApp,
  text: string,
  rotations: readonly RotationJson[],
): { checkpoint: Checkpoint; note: Note } {
  const id = ledgerIdOf(app.ledger);
  const followed = rotations.map(rotationFromJson);
  if (followRotations(id, app.ledger, followed) === undefined)
    throw alarm('its keys do not follow from the one that this app knows');
  const keys = [app.ledger, ...followed.map(({ publicKey }) => publicKey)];
  const found = openCheckpoint(text, ledgerLog(id, keys));
  if (!found.ok) throw alarm(`a checkpoint is not one of this ledger (${found.reason})`);
  return found;
}

function cosignedNote(app: OwnerApp, note: Note): string {
  const seconds = Math.floor(Date.now() / 1000);
  const line = cosign(signerFrom(app.signingSeed), cosignerName, note.text, seconds);
  return formatNote({ ...note, signatures: [...note.signatures, line] });
}

function alarm(what: string): CliError {
  return new CliError(
    'failed',
    `ALARM: this vault is not the one that it was: ${what}. Do not trust it; compare with an export or a witness.`,
  );
}
