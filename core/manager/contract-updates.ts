import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { ContractWord } from '../../ledger/contract-bodies.ts';
import type { Connection, VaultState } from '../../projections/vault-state.ts';
import type { Contract } from '../../wire/contract.ts';
import { type ContractChange, diffContracts } from '../../wire/contract-diff.ts';
import {
  type Answer,
  type ContractAccepted,
  type ContractUpdate,
  contractOfferedType,
} from '../../wire/messages.ts';
import { encode, type MsgpackValue } from '../../wire/msgpack.ts';
import type { Reason } from '../../wire/reasons.ts';
import { missingFields } from '../decision/checks-update.ts';
import { queueAnswer, refusal } from './answers.ts';
import { notify } from './notices.ts';
import { tellOwner } from './tell-owner.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * A service publishes the next version of its contract: from that record on the one in force is frozen
 * (check 7), until the owner accepts the new one or ends the connection.
 */

const updateType = 'contract.update';
/** Changes that one answer to the owner's app holds, in bytes of msgpack; there may be hundreds. */
const pageBytesMax: number = 64 * 1024;

/** Records an offered version, ends the offer before it, and tells the owner. Requires that it was allowed. */
export async function offerContract(
  parts: VaultParts,
  turn: Turn,
  received: ReceivedEvent,
  from: number,
): Promise<Answer> {
  const { batch } = turn;
  const payload = received.event?.payload as unknown as ContractUpdate;
  const connection = batch.state.connections.get(received.connection);
  if (connection === undefined) return refusal(updateType, 'connection_unknown');
  const body = { connection: connection.id, contract: payload.contract, event: received.id };
  const cause = batch.add({ kind: 'contract_offered', scope: connection.scope, cause: from, body });
  await endOffer(parts, turn, connection, 'contract_version_mismatch', cause);
  const offered = batch.state.connections.get(connection.id);
  const told = offered && describeOffer(batch.state, offered);
  if (told !== undefined) await tellOwner(parts, turn, contractOfferedType, told, cause);
  const detail = `version ${payload.contract.contract.version}`;
  await notify(parts, turn, { about: 'contract_frozen', connection: connection.id, detail }, cause);
  return { status: 'pending', type: updateType };
}

/** The owner accepts the version that waits: it is in force with this record. */
export async function acceptContract(
  parts: VaultParts,
  turn: Turn,
  connection: Connection,
  word: { readonly optional: readonly string[]; readonly device: string; readonly from: number },
): Promise<void> {
  const { offered, id, scope } = connection;
  if (offered === undefined) throw new Error('no version waits');
  const { optional, device, from } = word;
  const body = { ...wordOn(connection, device), optional };
  const cause = turn.batch.add({ kind: 'contract_accepted', scope, cause: from, body });
  const { id: contract, version } = offered.contract.contract;
  const result: ContractAccepted = {
    contract: { id: contract, version, hash: offered.hash },
    optional,
  };
  const question = { connection: id, id: offered.event, type: updateType, from: cause };
  await queueAnswer(parts, turn, question, { status: 'served', type: updateType, result });
}

/** The owner does not want the version that waits; ending the connection is up to the caller, in the same turn. */
export function rejectContract(
  turn: Turn,
  connection: Connection,
  { device, from }: { readonly device: string; readonly from: number },
): number {
  const body = wordOn(connection, device);
  const { scope } = connection;
  return turn.batch.add({ kind: 'contract_rejected', scope, cause: from, body });
}

/** Answers the update behind an offer that comes to nothing; there may be none. */
export async function endOffer(
  parts: VaultParts,
  turn: Turn,
  { id, offered }: Connection,
  reason: Reason,
  from: number,
): Promise<void> {
  if (offered === undefined) return;
  const question = { connection: id, id: offered.event, type: updateType, from };
  await queueAnswer(parts, turn, question, refusal(updateType, reason));
}

/** An offered version in short, as the owner's app is told: the changes themselves come in pages. */
export function describeOffer(
  state: VaultState,
  connection: Connection,
): Record<string, unknown> | undefined {
  const { offered, contract, id, name } = connection;
  if (offered === undefined || contract === undefined) return undefined;
  const { before, after, changes } = diffContracts(contract.contract, offered.contract.contract);
  const leaning = (which: ContractChange['leaning']): number =>
    changes.filter((change) => change.leaning === which).length;
  return {
    connection: id,
    name,
    offered: offered.at,
    before,
    after,
    title: offered.contract.contract.title,
    missing: missingFields(state, offered.contract.contract),
    changes: { more: leaning('more'), less: leaning('less'), other: leaning('other') },
    updates_left: connection.buckets?.updates?.tokens ?? null,
  };
}

/** The changes of an offered version from one on, as many as one answer holds beside `taken` bytes, one at least, and where the next ones begin. */
export function changesFrom(
  before: Contract,
  after: Contract,
  from: number,
  taken: number,
): { readonly changes: readonly ContractChange[]; readonly next: number | null } {
  const all = diffContracts(before, after).changes;
  const changes: ContractChange[] = [];
  let bytes = taken;
  for (const change of all.slice(from)) {
    bytes += encode(change as unknown as MsgpackValue).length;
    if (changes.length > 0 && bytes > pageBytesMax) break;
    changes.push(change);
  }
  const next = from + changes.length;
  return { changes, next: next < all.length ? next : null };
}

function wordOn({ id, offered }: Connection, device: string): ContractWord {
  const version = offered?.contract.contract.version ?? 0;
  return { connection: id, version, hash: offered?.hash ?? '', device };
}
