import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Connection, OpenRequest } from '../../projections/vault-state.ts';
import type { AgentGrant } from '../../wire/agent-terms.ts';
import type { Answer } from '../../wire/messages.ts';
import type { Reason } from '../../wire/reasons.ts';
import { decide } from '../decision/decide.ts';
import { moveTo, serversOf } from './address.ts';
import { countDenial, grantAgent, grantAnew } from './agents.ts';
import { questionOf, queueAnswer, queueDenial, refusal } from './answers.ts';
import { acceptConnection, declineConnection, invite, severConnection } from './connections.ts';
import { contractCommands } from './contract-commands.ts';
import { pairDevice, removeDevice } from './devices.ts';
import { deviceOf, grantFields, remember, revokeRule } from './grants.ts';
import { answerKeys } from './key-rotation.ts';
import { peerCommands } from './peers.ts';
import { profileFor, tellProfile } from './profile.ts';
import { readings } from './readings.ts';
import type { Turn, VaultParts } from './turn.ts';
import { forget, rotateKey } from './upkeep-commands.ts';

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

type Invited = { readonly label: string; readonly peer?: boolean; readonly agent?: AgentGrant };

/** `undefined` when the command is answered in a later turn. */
type Run = (parts: VaultParts, command: Command) => Promise<Answer | undefined>;

const commands: Readonly<Record<string, Run>> = {
  ...readings,
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
  'owner.servers': async (parts, command) => {
    const { servers } = payloadOf<{ servers?: string[] }>(command);
    if (servers !== undefined) await moveTo(parts, command.turn, servers, command.from);
    return served(command, { servers: serversOf(parts, command.turn.batch.state) });
  },
  'owner.invite': inviteSomeone,
  'owner.agent': grantAnew,
  'owner.accept': accept,
  'owner.decline': (parts, command) =>
    withConnection(command, (connection) =>
      declineConnection(parts, command.turn, connection, command.from),
    ),
  'owner.sever': (parts, command) =>
    withConnection(command, (connection) =>
      severConnection(parts, command.turn, connection, command.from),
    ),
  'owner.grant': (_, command) =>
    withConnection(command, async (connection) => {
      const { fields } = payloadOf<{ fields: string[] }>(command);
      grantFields(command.turn, connection, { fields, ...said(command) });
    }),
  'owner.rules.revoke': async (_, command) => {
    const { rule } = payloadOf<{ rule: number }>(command);
    revokeRule(command.turn, rule, said(command));
    return served(command, { rule });
  },
  'owner.pair': async (parts, command) => {
    const { turn, from } = command;
    return served(command, await pairDevice(parts, turn, payloadOf(command), from));
  },
  'owner.unpair': (parts, command) =>
    withConnection(command, (device) => removeDevice(parts, command.turn, device, command.from)),
  ...contractCommands,
  ...peerCommands,
  'owner.approve': (parts, command) => consent(parts, command, 'approved'),
  'owner.deny': (parts, command) => consent(parts, command, 'denied'),
};

/** Carries out a command of the owner's app that was allowed: what it names has been checked. */
export async function runCommand(parts: VaultParts, command: Command): Promise<Answer | undefined> {
  const type = typeOf(command);
  const run = Object.hasOwn(commands, type) ? commands[type] : undefined;
  return run === undefined ? refusal(type, 'event_unsupported', '') : run(parts, command);
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

async function inviteSomeone(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn } = command;
  const { label, peer, agent: grant } = payloadOf<Invited>(command);
  if (grant === undefined)
    return served(command, await invite(parts, turn, label, peer === true ? { peer } : {}));
  const made = await invite(parts, turn, label, { agent: true });
  const agent = turn.batch.state.connections.get(made.connection);
  if (agent !== undefined) grantAgent(parts, turn, agent, { grant, ...said(command) });
  return served(command, made);
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
  const { turn, from } = command;
  const { batch } = turn;
  const word = payloadOf<{ request: string; fields?: string[]; remember?: string }>(command);
  const request = batch.state.requests.get(word.request);
  if (request === undefined) return refused(command, 'expired', 'no such request is waiting');
  const asked = request.facts.consent ?? [];
  const fields = word.fields?.filter((field) => asked.includes(field)) ?? asked;
  const { device } = said(command);
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
      device,
    },
  });
  const question = questionOf(request.received, cause);
  if (outcome === 'denied') {
    await queueAnswer(parts, turn, question, refusal(question.type, 'consent_denied'));
    await countDenial(parts, turn, request.connection, cause);
  } else {
    const runs = await release(parts, command, request, scope, cause);
    // A word that releases nothing is not remembered either.
    if (runs) remember(turn, request, { fields, lasts: word.remember, device, cause });
  }
  return served(command, { request: request.key, outcome });
}

/** Who says a command, by device key, and the record that it is said in. */
function said({ turn, received, from }: Command): { device: string; from: number } {
  return { device: deviceOf(turn.batch.state, received.connection), from };
}

/** An approved request is decided once more, on the state of now, and runs if nothing has changed: then `true`. */
async function release(
  parts: VaultParts,
  command: Command,
  request: OpenRequest,
  scope: string,
  cause: number,
): Promise<boolean> {
  const { turn, start } = command;
  const { batch } = turn;
  const again = decide(batch.state, request.received, batch.time, 'again');
  const body = { request: request.key, again: true, ...again };
  const index = batch.add({ kind: 'decided', scope, cause, body });
  if (again.outcome === 'denied') {
    await queueDenial(parts, turn, questionOf(request.received, index), again);
    return false;
  }
  const running = batch.state.requests.get(request.key);
  if (running !== undefined) turn.effects.push(() => start(running));
  return running !== undefined;
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
