import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Answer } from '../../wire/messages.ts';
import { answerServers } from './address.ts';
import { answerGrant } from './agents.ts';
import { requestConnection } from './connections.ts';
import { offerContract } from './contract-updates.ts';
import { answerKeys } from './key-rotation.ts';
import { answerShares } from './peers.ts';
import { takeRekey } from './rekey.ts';
import type { Turn, VaultParts } from './turn.ts';

/** Carries out what a party says to the vault itself; requires an event that was allowed. */
type Run = (
  parts: VaultParts,
  turn: Turn,
  received: ReceivedEvent,
  from: number,
) => Promise<Answer>;

const commands: Readonly<Record<string, Run>> = {
  'connection.request': requestConnection,
  'connection.keys': answerKeys,
  'connection.servers': answerServers,
  'connection.rekey': takeRekey,
  'contract.update': offerContract,
  'peer.shares': answerShares,
  'agent.grant': answerGrant,
};

/** What the vault does about a type of the standard's own that parties send; `undefined` for all others. */
export function connectionCommand(type: string): Run | undefined {
  return Object.hasOwn(commands, type) ? commands[type] : undefined;
}
