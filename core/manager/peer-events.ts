import { ownerDevices } from '../../projections/vault-state.ts';
import type { Answer } from '../../wire/messages.ts';
import { peerAnsweredType } from '../../wire/peer-messages.ts';
import { severConnection, welcomeBack } from './connections.ts';
import { noteAnswer } from './peers.ts';
import type { PeerAnswer, PeerEvents } from './ports.ts';
import { dialPeer } from './sharing.ts';
import type { Task, Turn, VaultParts } from './turn.ts';
import { shutOut } from './ways-in.ts';

/** Turns at the ledger: `take` resolves when its facts are durable. */
type Turns = {
  readonly take: (task: Task) => Promise<void>;
  /** Told when one could not be taken. */
  readonly failed: (error: unknown) => void;
};

/** Reaches the peers again when a vault opens, and goes on with what was left undone about them. */
export function beginPeers(parts: VaultParts, { take, failed }: Turns): void {
  const taken = (task: Task): Promise<void> => {
    const done = take(task);
    done.catch(failed);
    return done;
  };
  parts.peers.begin(peerEvents(parts, taken));
  for (const { id, kind, status } of parts.journal.state.connections.values()) {
    if (kind !== 'peer') continue;
    dialPeer(parts, id);
    if (status === 'requested')
      taken(async (turn) => welcomeBack(parts, turn, id)).catch(() => undefined);
  }
}

/**
 * What the vault makes of what it is told about its peers: facts, each in a turn of its own.
 * @param take - takes a turn; resolves when its facts are durable
 */
function peerEvents(parts: VaultParts, take: (task: Task) => Promise<void>): PeerEvents {
  return {
    granted: (connection, accepted) =>
      take(async (turn) => noteGranted(turn, { connection, accepted })),
    rekeyed: (connection, peerKeys) =>
      take(async (turn) => noteGranted(turn, { connection, peerKeys })),
    moved: (connection, servers) => take(async (turn) => noteMoved(turn, { connection, servers })),
    refused: (connection) => take((turn) => noteRefused(parts, turn, connection)),
    severed: (connection) => take((turn) => endedBy(parts, turn, connection, 'peer')),
    lost: (connection) => take((turn) => endedBy(parts, turn, connection, 'vine')),
    answered: (connection, said) =>
      take(async (turn) => {
        noteAnswer(turn, connection, said);
        await showAnswer(parts, turn, connection, said);
      }),
  };
}

function noteGranted({ batch }: Turn, body: Parameters<typeof grantedDraft>[1]): void {
  const scope = batch.state.connections.get(body.connection)?.scope;
  if (scope !== undefined) batch.add(grantedDraft(scope, body));
}

function noteMoved(
  { batch }: Turn,
  body: { readonly connection: string; readonly servers: readonly string[] },
): void {
  const peer = batch.state.connections.get(body.connection);
  if (peer?.dial !== undefined) batch.add({ kind: 'peer_moved', scope: peer.scope, body });
}

function grantedDraft(
  scope: string,
  body: { readonly connection: string } & Partial<{
    accepted: Parameters<PeerEvents['granted']>[1];
    peerKeys: Parameters<PeerEvents['rekeyed']>[1];
  }>,
) {
  return { kind: 'dial_granted' as const, scope, body };
}

/**
 * The other owner said no: our own invite is over with it. Where the peer had come to us already, its half is all that
 * there will ever be: it ends too, so that nobody is half connected.
 */
async function noteRefused(parts: VaultParts, turn: Turn, id: string): Promise<void> {
  const { batch, effects } = turn;
  const peer = batch.state.connections.get(id);
  if (peer?.status === 'active') return endedBy(parts, turn, id, 'vine');
  if (peer === undefined || (peer.status !== 'invited' && peer.status !== 'requested')) return;
  batch.add({ kind: 'declined', scope: peer.scope, body: { connection: id } });
  effects.push(() => shutOut(parts, peer));
}

async function endedBy(
  parts: VaultParts,
  turn: Turn,
  id: string,
  by: 'peer' | 'vine',
): Promise<void> {
  const peer = turn.batch.state.connections.get(id);
  if (peer?.status === 'active') await severConnection(parts, turn, peer, undefined, by);
}

/** Shown on every device of the owner, and kept nowhere. */
async function showAnswer(
  { sealer, bus }: VaultParts,
  { batch, effects }: Turn,
  connection: string,
  { event, type, answer }: PeerAnswer,
): Promise<void> {
  const shown = { connection, event, type, answer };
  const tooLarge: Answer = { status: 'refused', type, code: 'too_large' };
  for (const { id } of ownerDevices(batch.state)) {
    const told = (payload: typeof shown) =>
      sealer.seal(batch, { connection: id, type: peerAnsweredType, payload });
    // A peer may answer so much that nothing can be put around it.
    const sealed = (await told(shown)) ?? (await told({ ...shown, answer: tooLarge }));
    if (sealed !== undefined) effects.push(() => bus.publish(sealed.subject, sealed.bytes));
  }
}
