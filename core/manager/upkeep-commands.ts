import { randomBytes } from 'node:crypto';
import { lastKey } from '../../ledger/chain-end.ts';
import { rotationToJson } from '../../ledger/rotation-json.ts';
import type { ErasureTarget } from '../../ledger/upkeep-bodies.ts';
import { toBase64 } from '../../wire/bytes.ts';
import type { HandoverPurpose } from '../../wire/handover.ts';
import type { Answer } from '../../wire/messages.ts';
import type { CheckpointShown } from '../../wire/owner-results.ts';
import { addCheckpoint } from './checkpoints.ts';
import { continues } from './continuity.ts';
import { addErasure, scopesOf } from './erasure.ts';
import { ledgerHandover, rotateOwnKey, tellKeys } from './key-rotation.ts';
import type { Command } from './owner-commands.ts';
import type { Reading } from './readings.ts';
import type { Turn, VaultParts } from './turn.ts';
import { shutOut } from './ways-in.ts';

/*
 * What the owner does about the ledger itself. Steps that take place outside the ledger (a key is
 * destroyed, or made) come between turns: recorded first, then done, then answered.
 */

/**
 * Forgets a connection, a field or a namespace. It is recorded first; when the keys are destroyed,
 * which the next opening does if this one is cut short, the owner is told.
 */
export async function forget(parts: VaultParts, command: Command): Promise<undefined> {
  const { turn, from } = command;
  const target = payloadOf<ErasureTarget>(command);
  const connection = turn.batch.state.connections.get(target.name);
  if (target.kind === 'connection' && connection !== undefined)
    turn.effects.push(() => {
      parts.peers.drop(connection.id);
      shutOut(parts, connection);
    });
  const scopes = scopesOf(turn.batch.state, target);
  addErasure(turn.batch, target, scopes, from);
  turn.later(async () => {
    await parts.ring.forget(scopes);
    return { task: (next) => told(parts, command, next, { ...target, scopes: scopes.length }) };
  });
}

/** Replaces a key of the vault: the old one signs the new one, and everybody who knows it is told. */
export async function rotateKey(parts: VaultParts, command: Command): Promise<undefined> {
  const { purpose } = payloadOf<{ purpose: HandoverPurpose }>(command);
  if (purpose === 'ledger') return rotateLedgerKey(parts, command);
  rotateOwnKey(parts, command.turn, purpose, command.from, (last) =>
    rotationTold(parts, command, last, purpose),
  );
}

/** The ledger's old key signs the new one, and is destroyed. */
async function rotateLedgerKey(parts: VaultParts, command: Command): Promise<undefined> {
  const { secrets, journal, ledger } = parts;
  command.turn.later(async () => {
    const from = lastKey(ledger.end.keys);
    const seed = new Uint8Array(randomBytes(32));
    const next = await secrets.ledger.keep(seed);
    seed.fill(0);
    return {
      begin: () => journal.beginRotation(next),
      task: async ({ batch, later }) => {
        const handover = ledgerHandover(parts, batch.state, next.publicKey);
        const body = { purpose: 'ledger' as const, from, to: next.publicKey, handover };
        batch.add({ kind: 'rotated', scope: batch.state.scope, cause: command.from, body });
        later(async () => {
          await secrets.ledger.dropOthers(next.publicKey);
          return { task: (last) => rotationTold(parts, command, last, 'ledger') };
        });
      },
    };
  });
}

/** The vault's checkpoint of now, with the proof that it continues the one that the owner's app keeps. */
export async function showCheckpoint(parts: VaultParts, reading: Reading): Promise<Answer> {
  const type = 'owner.checkpoint';
  const { ledger, proofs, journal } = parts;
  const { kept, cosigned, record } = payloadOf<CheckpointAsked>(reading);
  // It is evidence: the event that brings it is signed and recorded. Another history stops the vault.
  if (cosigned !== undefined) await continues(ledger, proofs, cosigned, "the owner's app");
  const end = ledger.durableEnd;
  // Whoever keeps a longer one sees from the note that this is shorter: there is nothing to prove.
  const proof = kept > end.size ? [] : await proofs.consistency(kept, end.size);
  const shown: CheckpointShown = {
    note: ledger.checkpoint(end),
    proof: proof.map(toBase64),
    rotations: end.keys.flatMap(({ handover }) =>
      handover === undefined ? [] : [rotationToJson(handover)],
    ),
  };
  if (record === true && reading.again !== true)
    reading.turn.later(async () => ({
      begin: () => journal.beginCommit(),
      task: async ({ batch }) => addCheckpoint(batch, ledger),
    }));
  return { status: 'served', type, result: shown };
}

type CheckpointAsked = {
  readonly kept: number;
  readonly cosigned?: string;
  readonly record?: boolean;
};

/** Tells the owner, and then everybody who knows the key before. */
async function rotationTold(
  parts: VaultParts,
  command: Command,
  turn: Turn,
  purpose: HandoverPurpose,
): Promise<void> {
  await told(parts, command, turn, { purpose });
  await tellKeys(parts, turn);
}

/** Records how the keyring stands now, and answers. */
async function told(
  { ring }: VaultParts,
  command: Command,
  turn: Turn,
  result: unknown,
): Promise<void> {
  const body = { purpose: 'ring' as const, ring: ring.state() };
  const { batch } = turn;
  const from = batch.add({ kind: 'rotated', scope: batch.state.scope, cause: command.from, body });
  await command.answer(turn, from, {
    status: 'served',
    type: command.received.event?.type ?? '',
    result,
  });
}

function payloadOf<T>({ received }: Reading): T {
  return received.event?.payload as unknown as T;
}
