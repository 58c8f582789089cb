import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Connection, OpenRequest } from '../../projections/vault-state.ts';
import { toHex } from '../../wire/bytes.ts';
import { keyId } from '../../wire/key-encapsulation.ts';
import type { Answer } from '../../wire/messages.ts';
import type { Reason } from '../../wire/reasons.ts';
import { decide } from '../decision/decide.ts';
import { questionOf, queueAnswer, queueDenial, refusal } from './answers.ts';
import {
  acceptConnection,
  declineConnection,
  describeConnection,
  invite,
  severConnection,
} from './connections.ts';
import { answerKeys } from './key-rotation.ts';
import { profileFor, tellProfile } from './profile.ts';
import { describeRequest } from './requests.ts';
import type { Turn, VaultParts } from './turn.ts';
import { forget, rotateKey, showCheckpoint } from './upkeep-commands.ts';

/** Everything a command may need besides the vault's parts. */
export type Command = {
  readonly turn: Turn;
  readonly received: ReceivedEvent;
  /** Index of its `received` record. */
  readonly from: number;
  /** A field's value, taken out of the event. */
  readonly value: string | undefined;
  /** Starts the handler of a request once this turn is durable. */
  readonly start: (request: OpenRequest) => void;
  readonly audit: (from: number, count: number) => Promise<unknown>;
  /** Answers the command in a later turn. */
  readonly answer: (turn: Turn, from: number, answer: Answer) => Promise<void>;
};

/** `undefined` when the command is answered in a later turn. */
type Run = (parts: VaultParts, command: Command) => Promise<Answer | undefined>;

/** Commands whose answer can be asked for again: it is not kept in the outbox. */
export const readingCommands: ReadonlySet<string> = new Set([
  'owner.pending',
  'owner.connections',
  'owner.fields',
  'owner.audit',
  'owner.checkpoint',
]);

const commands: Readonly<Record<string, Run>> = {
  'owner.pending': async (_, command) => served(command, pending(command.turn)),
  'owner.connections': async (_, command) =>
    served(
      command,
      command.turn.batch.state.connections
        .valueSeq()
        .filter(({ kind }) => kind === 'service')
        .map((connection) => describeConnection(command.turn, connection))
        .toArray(),
    ),
  'owner.fields': async (_, command) =>
    served(command, [...command.turn.batch.state.fields.keys()].sort()),
  'owner.audit': async (_, command) => {
    const { from, count } = payloadOf<{ from: number; count: number }>(command);
    return served(command, await command.audit(from, count));
  },
  'owner.checkpoint': showCheckpoint,
  'owner.forget': forget,
  'owner.rotate': rotateKey,
  'owner.keys': (parts, { turn, received, from }) => answerKeys(parts, turn, received, from),
  'owner.set': setField,
  'owner.profile': async (parts, command) => {
    const { batch } = command.turn;
    const { name } = payloadOf<{ name?: string }>(command);
    const owner = batch.state.connections.get(command.received.connection);
    if (owner === undefined) return refused(command, 'connection_unknown', 'no such connection');
    if (name !== undefined) {
      const { scope } = batch.state;
      batch.add({ kind: 'presented', scope, cause: command.from, body: { name } });
      await tellProfile(parts, command.turn);
    }
    return served(command, profileFor(parts, batch.state, owner, batch.time));
  },
  'owner.invite': async (parts, command) => {
    const { label } = payloadOf<{ label: string }>(command);
    return served(command, await invite(parts, command.turn, label));
  },
  'owner.accept': accept,
  'owner.decline': (parts, command) =>
    withConnection(command, (connection) =>
      declineConnection(parts, command.turn, connection, command.from),
    ),
  'owner.sever': (parts, command) =>
    withConnection(command, (connection) =>
      severConnection(parts, command.turn, connection, command.from),
    ),
  'owner.approve': (parts, command) => consent(parts, command, 'approved'),
  'owner.deny': (parts, command) => consent(parts, command, 'denied'),
};

/** Carries out a command of the owner's app that was allowed: what it names has been checked. */
export async function runCommand(parts: VaultParts, command: Command): Promise<Answer | undefined> {
  const type = typeOf(command);
  const run = Object.hasOwn(commands, type) ? commands[type] : undefined;
  return run === undefined ? refusal(type, 'event_unsupported', '') : run(parts, command);
}

function pending(turn: Turn): Record<string, unknown> {
  const { requests, connections } = turn.batch.state;
  const waiting = requests.valueSeq().filter(({ status }) => status === 'pending');
  return {
    requests: waiting
      .filter((request) => request.facts.deadline !== undefined)
      .map((request) => {
        const connection = connections.get(request.connection);
        return connection === undefined ? {} : describeRequest(request, connection);
      })
      .toArray(),
    connections: connections
      .valueSeq()
      .filter(({ status }) => status === 'requested')
      .map((connection) => describeConnection(turn, connection))
      .toArray(),
  };
}

async function setField(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn, value, from } = command;
  const { field } = payloadOf<{ field: string }>(command);
  if (value === undefined) return refused(command, 'too_large', 'the value is too long');
  const known = turn.batch.state.fields.get(field);
  const scope = known?.scope ?? (await parts.ring.createScope());
  turn.batch.add({ kind: 'stored', scope, cause: from, body: { field, value } });
  return served(command, { field });
}

async function accept(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn, from } = command;
  const { optional } = payloadOf<{ optional: string[] }>(command);
  return withConnection(command, (connection) =>
    acceptConnection(parts, turn, connection, optional, from),
  );
}

/** The owner's word on a held request, which the decision found waiting and named by its exact hash. */
async function consent(
  parts: VaultParts,
  command: Command,
  outcome: 'approved' | 'denied',
): Promise<Answer> {
  const { turn, from, received } = command;
  const { batch } = turn;
  const said = payloadOf<{ request: string; hash: string; fields?: string[] }>(command);
  const request = batch.state.requests.get(said.request);
  if (request === undefined) return refused(command, 'expired', 'no such request is waiting');
  const asked = request.facts.consent ?? [];
  const fields = said.fields?.filter((field) => asked.includes(field)) ?? asked;
  const owner = batch.state.connections.get(received.connection);
  const scope = batch.state.connections.get(request.connection)?.scope ?? batch.state.scope;
  const cause = batch.add({
    kind: 'consented',
    scope,
    cause: from,
    body: {
      request: request.key,
      hash: request.received.digest,
      outcome,
      fields: outcome === 'approved' ? fields : [],
      device: toHex(keyId(owner?.keys?.signing ?? new Uint8Array(0))),
    },
  });
  const question = questionOf(request.received, cause);
  if (outcome === 'denied')
    await queueAnswer(parts, turn, question, refusal(question.type, 'consent_denied'));
  else await release(parts, command, request, scope, cause);
  return served(command, { request: request.key, outcome });
}

/** An approved request is decided once more, on the state of now, and runs if nothing has changed. */
async function release(
  parts: VaultParts,
  command: Command,
  request: OpenRequest,
  scope: string,
  cause: number,
): Promise<void> {
  const { turn, start } = command;
  const { batch } = turn;
  const again = decide(batch.state, request.received, batch.time, 'again');
  const body = { request: request.key, again: true, ...again };
  const index = batch.add({ kind: 'decided', scope, cause, body });
  if (again.outcome === 'denied')
    return queueDenial(parts, turn, questionOf(request.received, index), again);
  const running = batch.state.requests.get(request.key);
  if (running !== undefined) turn.effects.push(() => start(running));
}

async function withConnection(
  command: Command,
  act: (connection: Connection) => Promise<void>,
): Promise<Answer> {
  const { connection: id } = payloadOf<{ connection: string }>(command);
  const connection = command.turn.batch.state.connections.get(id);
  if (connection === undefined) return refused(command, 'connection_unknown', 'no such connection');
  await act(connection);
  return served(command, { connection: id });
}

function payloadOf<T>(command: Command): T {
  return command.received.event?.payload as unknown as T;
}

function typeOf(command: Command): string {
  return command.received.event?.type ?? '';
}

function served(command: Command, result: unknown): Answer {
  return { status: 'served', type: typeOf(command), result };
}

function refused(command: Command, reason: Reason, detail: string): Answer {
  return refusal(typeOf(command), reason, detail);
}
