import type { ReceivedEvent } from '../../ledger/bodies.ts';
import {
  type Connection,
  type ConnectionStatus,
  namespaceOf,
  type VaultState,
} from '../../projections/vault-state.ts';
import { accountFault } from '../../wire/account-proof.ts';
import { fromBase64url, toHex } from '../../wire/bytes.ts';
import { parseContract } from '../../wire/contract.ts';
import { isEncapsulationKey } from '../../wire/key-encapsulation.ts';
import type { ConnectionRequest } from '../../wire/messages.ts';
import type { Reason } from '../../wire/reasons.ts';
import { isProven, type Rekey } from '../../wire/rekey.ts';
import type { CheckContext } from './context.ts';

/** Why a command cannot be carried out as things stand. */
export type CommandFault = { readonly reason: Reason; readonly detail: string };

type Target = { readonly connection: string; readonly optional: readonly string[] };
type Word = {
  readonly request: string;
  readonly hash: string;
  readonly fields?: readonly string[];
};
type Forgotten = { readonly kind: 'connection' | 'field' | 'namespace'; readonly name: string };
type CommandCheck = (
  state: VaultState,
  payload: unknown,
  time: number,
  received: ReceivedEvent,
) => CommandFault | undefined;

/** Requires a payload that fits its schema. */
const checks: Readonly<Record<string, CommandCheck>> = {
  'connection.request': (state, payload, _, received) =>
    handshakeFault(payload as ConnectionRequest) ??
    accountUseFault(state, payload as ConnectionRequest, received),
  'credential.renew': (state, _, time, received) => renewalFault(state, received, time),
  'connection.rekey': (state, payload, _, { connection }) =>
    rekeyFault(state, payload as Rekey, connection),
  'owner.accept': (state, payload) => acceptFault(state, payload as Target),
  'owner.decline': (state, payload) => statusFault(state, payload, ['requested', 'invited']),
  'owner.sever': (state, payload) => statusFault(state, payload, ['active']),
  'owner.forget': (state, payload) => forgetFault(state, payload as Forgotten),
  'owner.approve': (state, payload, time) => wordFault(state, payload as Word, time),
  'owner.deny': (state, payload, time) => wordFault(state, payload as Word, time),
};

/**
 * Part of check 6 for the standard's own types: a command of the owner's app names something that
 * is there and waits for it, a request to connect brings a contract of its own. `undefined` where
 * nothing is wrong.
 */
export function commandFault({ state, received, time }: CheckContext): CommandFault | undefined {
  const type = received.event?.type ?? '';
  const check = Object.hasOwn(checks, type) ? checks[type] : undefined;
  return check?.(state, received.event?.payload, time, received);
}

/** Required fields that the vault does not have. */
export function missingFields(state: VaultState, connection: Connection): string[] {
  const fields = connection.contract?.contract.fields ?? [];
  return fields
    .filter(({ tier, name }) => tier === 'required' && !state.fields.has(name))
    .map(({ name }) => name);
}

function handshakeFault(payload: ConnectionRequest): CommandFault | undefined {
  if (!isKey(payload.signing) || !isKey(payload.encapsulation))
    return fault('malformed', 'the keys are not base64url');
  if (!isEncapsulationKey(fromBase64url(payload.encapsulation)))
    return fault('malformed', 'the encapsulation key is none');
  const contract = parseContract(payload.contract);
  if (!contract.ok) return fault(contract.reason, contract.detail);
  return payload.contract.key === payload.signing
    ? undefined
    : fault('sender_subject_mismatch', 'the contract is of another publisher than the party');
}

/** The next keys are in form, and the next signing key has signed for itself. */
function rekeyFault(state: VaultState, payload: Rekey, id: string): CommandFault | undefined {
  const before = state.connections.get(id)?.keys?.signing;
  if (before === undefined) return fault('connection_unknown', 'no such connection');
  if (!isKey(payload.signing) || !isKey(payload.encapsulation))
    return fault('malformed', 'the keys are not base64url');
  if (!isEncapsulationKey(fromBase64url(payload.encapsulation)))
    return fault('malformed', 'the encapsulation key is none');
  return isProven({ vault: state.vault, connection: id, before }, payload)
    ? undefined
    : fault('signature_invalid', 'the next signing key has not signed for itself');
}

/**
 * An account is the service's own when its key has signed for this very request. Here it has one
 * connection at most, since the account is what tells whose an event is.
 */
function accountUseFault(
  state: VaultState,
  { account, signing }: ConnectionRequest,
  { connection, id }: ReceivedEvent,
): CommandFault | undefined {
  if (account === undefined) return undefined;
  const use = { vault: state.vault, connection, event: id, signing: fromBase64url(signing) };
  const wrong = accountFault(account, use);
  if (wrong !== undefined) return fault(wrong, 'the account is not proved to be theirs');
  const taken = state.connections.some(
    (other) =>
      other.id !== connection &&
      (other.account === account.key || other.party === account.key) &&
      (other.status === 'requested' || other.status === 'active'),
  );
  return taken ? fault('duplicate', 'another connection here has this account') : undefined;
}

/** Each renewal costs signatures and a record: not twice in a hundredth of a credential's life. */
function renewalFault(
  state: VaultState,
  { connection: id }: ReceivedEvent,
  time: number,
): CommandFault | undefined {
  const { credentialIssued: from, credentialExpires: to } = state.connections.get(id) ?? {};
  if (from === undefined || to === undefined || time >= from + (to - from) / 100) return undefined;
  return fault('rate_limited', 'this credential was issued just now');
}

function acceptFault(state: VaultState, payload: Target): CommandFault | undefined {
  const wrong = statusFault(state, payload, ['requested']);
  if (wrong !== undefined) return wrong;
  const connection = state.connections.get(payload.connection);
  if (connection === undefined) return fault('connection_unknown', 'no such connection');
  const missing = missingFields(state, connection);
  if (missing.length > 0)
    return fault('required_field_missing', `set these first: ${missing.join(', ')}`);
  const offered = connection.contract?.contract.fields ?? [];
  const other = payload.optional.filter(
    (name) => !offered.some((field) => field.name === name && field.tier === 'optional'),
  );
  return other.length === 0
    ? undefined
    : fault('field_not_in_contract', `not optional here: ${other.join(', ')}`);
}

function statusFault(
  state: VaultState,
  payload: unknown,
  statuses: readonly ConnectionStatus[],
): CommandFault | undefined {
  const connection = state.connections.get((payload as Target).connection);
  if (connection === undefined || connection.kind !== 'service')
    return fault('connection_unknown', 'no such connection');
  return statuses.includes(connection.status)
    ? undefined
    : fault('connection_inactive', `this connection is ${connection.status}`);
}

/** A connection that still stands is severed first, so that nobody forgets what is still in use. */
function forgetFault(state: VaultState, { kind, name }: Forgotten): CommandFault | undefined {
  if (kind === 'connection')
    return statusFault(state, { connection: name }, [
      'invited',
      'requested',
      'declined',
      'severed',
    ]);
  const isThere = state.fields.some((_, field) =>
    kind === 'field' ? field === name : namespaceOf(field) === name,
  );
  return isThere ? undefined : fault('field_absent', 'the vault holds no such field');
}

/**
 * The owner's word on a held request. It names the hash of the exact request and comes before the wait
 * is over, or it releases nothing: the request may still be there when many end at once.
 */
function wordFault(
  state: VaultState,
  { request: key, hash, fields }: Word,
  time: number,
): CommandFault | undefined {
  const request = state.requests.get(key);
  const { deadline } = request?.facts ?? {};
  if (request?.status !== 'pending' || deadline === undefined || deadline <= time)
    return fault('expired', 'no such request is waiting');
  if (toHex(request.received.digest) !== hash)
    return fault('malformed', 'the hash is not the one of this request');
  const asked = request.facts.fields ?? [];
  const other = fields?.filter((field) => !asked.includes(field)) ?? [];
  return other.length === 0 ? undefined : fault('malformed', `not asked for: ${other.join(', ')}`);
}

function isKey(text: string): boolean {
  try {
    return fromBase64url(text).length > 0;
  } catch {
    return false;
  }
}

function fault(reason: Reason, detail: string): CommandFault {
  return { reason, detail };
}
