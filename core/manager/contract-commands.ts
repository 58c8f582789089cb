import type { Connection } from '../../projections/vault-state.ts';
import type { Answer } from '../../wire/messages.ts';
import { encode, type MsgpackValue } from '../../wire/msgpack.ts';
import { refusal } from './answers.ts';
import { severConnection } from './connections.ts';
import { acceptContract, changesFrom, describeOffer, rejectContract } from './contract-updates.ts';
import { deviceOf } from './grants.ts';
import type { Command } from './owner-commands.ts';
import type { Reading } from './readings.ts';
import type { VaultParts } from './turn.ts';

/* What the owner says about the next version of a contract: what it changes, and yes or no. */

/** Commands about contracts, by type. What they name has been checked. */
export const contractCommands: Readonly<
  Record<string, (parts: VaultParts, command: Command) => Promise<Answer>>
> = {
  'owner.contract.accept': accept,
  'owner.contract.reject': reject,
};

/** The version that waits, and how it differs from the one in force: the changes come in pages. */
export async function showOffer(_: VaultParts, reading: Reading): Promise<Answer> {
  const { from } = payloadOf<{ from: number }>(reading);
  const connection = connectionOf(reading);
  const { contract, offered, optional } = connection;
  if (contract === undefined || offered === undefined)
    return refusal('owner.contract.show', 'contract_unknown', 'no new version waits');
  const update = describeOffer(reading.turn.batch.state, connection);
  const document = from === 0 ? { contract: offered.contract.contract } : {};
  const shown = { update, optional, ...document };
  const { length } = encode(shown as unknown as MsgpackValue);
  const page = changesFrom(contract.contract, offered.contract.contract, from, length);
  return served(reading, { ...shown, ...page });
}

async function accept(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn, from, received } = command;
  const { optional } = payloadOf<{ optional: string[] }>(command);
  const connection = connectionOf(command);
  const device = deviceOf(turn.batch.state, received.connection);
  await acceptContract(parts, turn, connection, { optional, device, from });
  return served(command, { connection: connection.id });
}

/** To reject new terms is to end the connection: the old ones are not on offer any more. */
async function reject(parts: VaultParts, command: Command): Promise<Answer> {
  const { turn, from, received } = command;
  const connection = connectionOf(command);
  const device = deviceOf(turn.batch.state, received.connection);
  const cause = rejectContract(turn, connection, { device, from });
  await severConnection(parts, turn, connection, cause);
  return served(command, { connection: connection.id });
}

function connectionOf(command: Reading): Connection {
  const { connection: id } = payloadOf<{ connection: string }>(command);
  const connection = command.turn.batch.state.connections.get(id);
  if (connection === undefined) throw new Error('the decision found no such connection');
  return connection;
}

function served({ received }: Reading, result: unknown): Answer {
  return { status: 'served', type: received.event?.type ?? '', result };
}

function payloadOf<T>({ received }: Reading): T {
  return received.event?.payload as unknown as T;
}
