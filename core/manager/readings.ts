import type { Answer } from '../../wire/messages.ts';
import { showOffer } from './contract-commands.ts';
import { describeDevices } from './devices.ts';
import { describeRules } from './grants.ts';
import { noticesFrom } from './notices.ts';
import type { Command } from './owner-commands.ts';
import { connectionsFrom, pendingFrom } from './owner-lists.ts';
import type { VaultParts } from './turn.ts';
import { showCheckpoint } from './upkeep-commands.ts';

/** A command that reads: it has no effect that names its record, so that it can be answered as often as it comes. */
export type Reading = Pick<Command, 'turn' | 'received' | 'audit'> & {
  /** The same event came before: what it does besides has been done. */
  readonly again?: true;
};

type Page = { readonly from: number; readonly count: number };

/**
 * What the owner's app reads, by type. Its answer is not kept in the outbox: the same event gets the one of now. What a
 * command names has been checked.
 */
export const readings: Readonly<
  Record<string, (parts: VaultParts, reading: Reading) => Promise<Answer>>
> = {
  'owner.pending': async (_, reading) =>
    served(reading, pendingFrom(reading.turn, payloadOf<{ from?: string }>(reading).from)),
  'owner.connections': async (_, reading) =>
    served(reading, connectionsFrom(reading.turn, payloadOf<{ from?: string }>(reading).from)),
  'owner.fields': async (_, reading) =>
    served(reading, [...reading.turn.batch.state.fields.keys()].sort()),
  'owner.rules': async (_, reading) => served(reading, describeRules(reading.turn.batch.state)),
  'owner.devices': async (_, reading) =>
    served(reading, describeDevices(reading.turn.batch.state, reading.received.connection)),
  'owner.audit': async (_, reading) => {
    const { from, count } = payloadOf<Page>(reading);
    return served(reading, await reading.audit(from, count));
  },
  'owner.notifications': async (_, reading) => {
    const { from, count } = payloadOf<Page>(reading);
    return served(reading, noticesFrom(reading.turn.batch.state, from, count));
  },
  'owner.checkpoint': showCheckpoint,
  'owner.contract.show': showOffer,
};

function payloadOf<T>({ received }: Reading): T {
  return received.event?.payload as unknown as T;
}

function served({ received }: Reading, result: unknown): Answer {
  return { status: 'served', type: received.event?.type ?? '', result };
}
