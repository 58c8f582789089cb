import type { ReceivedEvent } from '../../ledger/bodies.ts';
import { isMap } from '../../wire/event.ts';
import { encodeInvite } from '../../wire/invite.ts';
import type { Answer } from '../../wire/messages.ts';
import { answerUnrecorded, refusal } from './answers.ts';
import { invite } from './connections.ts';
import { deviceOf } from './grants.ts';
import type { Command } from './owner-commands.ts';
import type { PeerAnswer } from './ports.ts';
import { dialPeer, newDialKeys, type Sharing, share } from './sharing.ts';
import type { Turn, VaultParts } from './turn.ts';

/* What the owner says about other vaults: reach one, share something with it, ask it for something. */

type Run = (parts: VaultParts, command: Command) => Promise<Answer | undefined>;

/** Commands about peers, by type. What they name has been checked. */
export const peerCommands: Readonly<Record<string, Run>> = {
  'owner.connect': connect,
  'owner.share': shareWith,
  'owner.ask': ask,
};

/** Reaches out with another vault's invite, and has one of our own ready for its answer. */
async function connect(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn, from } = command;
  const { batch, effects } = turn;
  const asked = payloadOf<{ label: string; invite: string }>(command);
  const own = await invite(parts, turn, asked.label, { peer: true });
  const { connection } = own;
  const scope = batch.state.connections.get(connection)?.scope ?? batch.state.scope;
  const reach = { invite: asked.invite, keys: newDialKeys(), offer: encodeInvite(own) };
  batch.add({ kind: 'dial_prepared', scope, cause: from, body: { connection, ...reach } });
  effects.push(() => dialPeer(parts, connection));
  return { status: 'served', type: 'owner.connect', result: { connection } };
}

async function shareWith(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn, from, received } = command;
  const { connection: id, ...sharing } = payloadOf<Sharing & { connection: string }>(command);
  const peer = turn.batch.state.connections.get(id);
  if (peer === undefined) return refusal('owner.share', 'connection_unknown', 'no such peer');
  const device = deviceOf(turn.batch.state, received.connection);
  const contract = await share(parts, turn, peer, { sharing, from, device });
  return { status: 'served', type: 'owner.share', result: { connection: id, contract } };
}

/** Asks a peer between two turns. What it answers is shown to the owner and recorded by name only. */
async function ask(parts: VaultParts, command: Command): Promise<undefined> {
  const { turn, from, received } = command;
  const { connection, ...asked } = payloadOf<Asked>(command);
  turn.later(async () => {
    const said = await parts.peers.ask(connection, asked);
    return {
      task: async (next) => {
        noteAnswer(next, connection, said, { fields: fieldsIn(asked.payload), cause: from });
        const { event, answer } = said;
        const result = { connection, event, answer };
        const told: Answer = { status: 'served', type: 'owner.ask', result };
        await answerUnrecorded(parts, next, received, told);
      },
    };
  });
}

/** Records that a peer has answered. A peer that is forgotten by now leaves nothing. */
export function noteAnswer(
  { batch }: Turn,
  connection: string,
  { event, type, answer, signed }: PeerAnswer,
  { fields = [], cause }: { readonly fields?: readonly string[]; readonly cause?: number } = {},
): void {
  const peer = batch.state.connections.get(connection);
  if (peer === undefined) return;
  batch.add({
    kind: 'peer_answered',
    scope: peer.scope,
    ...(cause === undefined ? {} : { cause }),
    body: {
      ...{ connection, event, type, status: answer.status, signed },
      ...(answer.status === 'refused' ? { code: answer.code } : {}),
      ...(fields.length === 0 ? {} : { fields }),
    },
  });
}

type Asked = { readonly connection: string; readonly type: string; readonly payload: unknown };

function fieldsIn(payload: unknown): string[] {
  const named = isMap(payload as never) ? (payload as Record<string, unknown>)['fields'] : [];
  return Array.isArray(named) ? named.filter((name) => typeof name === 'string') : [];
}

/** A peer asks what is shared with it. */
export async function answerShares(
  _parts: VaultParts,
  { batch }: Turn,
  received: ReceivedEvent,
): Promise<Answer> {
  const contract = batch.state.connections.get(received.connection)?.contract;
  return contract === undefined
    ? refusal('peer.shares', 'contract_unknown')
    : { status: 'served', type: 'peer.shares', result: { contract } };
}

function payloadOf<T>({ received }: Command): T {
  return received.event?.payload as unknown as T;
}
