import type { ReceivedEvent } from '../../ledger/bodies.ts';
import { type Connection, namespaceOf, type VaultState } from '../../projections/vault-state.ts';
import { accountFault } from '../../wire/account-proof.ts';
import type { AskedConnection } from '../../wire/asked-connection.ts';
import { fromBase64url, toHex } from '../../wire/bytes.ts';
import { parseContract } from '../../wire/contract.ts';
import { isEncapsulationKey } from '../../wire/key-encapsulation.ts';
import type { ContractUpdate } from '../../wire/messages.ts';
import { isProven, type Rekey } from '../../wire/rekey.ts';
import { agentAsksFault, agentGrantFault, inviteFault } from './checks-agent.ts';
import { isKey, pairFault, unpairFault } from './checks-device.ts';
import { type Granted, grantFault, rememberFault, ruleFault } from './checks-grant.ts';
import { askerFault, askFault, connectFault, shareFault, sharesFault } from './checks-peer.ts';
import { choiceFault, newTermsFault, updateFault, versionFault } from './checks-update.ts';
import { type CommandFault, fault, statusFault } from './command-fault.ts';
import type { CheckContext } from './context.ts';

type NewTerms = Parameters<typeof newTermsFault>[1];
type Target = { readonly connection: string; readonly optional: readonly string[] };
type Invited = Parameters<typeof inviteFault>[1];
type NewGrant = Parameters<typeof agentGrantFault>[1];
type Shared = Parameters<typeof shareFault>[1];
type Word = {
  readonly request: string;
  readonly hash: string;
  readonly fields?: readonly string[];
  readonly remember?: string;
};
type Forgotten = {
  readonly kind: 'connection' | 'field' | 'namespace' | 'entries';
  readonly name: string;
};
type CommandCheck = (
  state: VaultState,
  payload: unknown,
  time: number,
  received: ReceivedEvent,
  sender: Connection | undefined,
) => CommandFault | undefined;

/** Requires a payload that fits its schema. */
const checks: Readonly<Record<string, CommandCheck>> = {
  'contract.update': (_, payload, time, _received, sender) =>
    updateFault(sender, payload as ContractUpdate, time),
  'owner.contract.accept': (state, payload) => newTermsFault(state, payload as NewTerms),
  'owner.contract.reject': (state, payload) => versionFault(state, payload as NewTerms),
  'owner.contract.show': (state, payload) => statusFault(state, payload, ['active']),
  'connection.request': (state, payload, _, received, sender) =>
    askerFault(sender, payload as AskedConnection) ??
    handshakeFault(payload as AskedConnection) ??
    accountUseFault(state, payload as AskedConnection, received),
  'credential.renew': (state, _, time, received) => renewalFault(state, received, time),
  'connection.rekey': (state, payload, _, { connection }) =>
    rekeyFault(state, payload as Rekey, connection),
  'owner.accept': (state, payload) => acceptFault(state, payload as Target),
  'owner.decline': (state, payload) => statusFault(state, payload, ['requested', 'invited']),
  'owner.sever': (state, payload) => statusFault(state, payload, ['active']),
  'owner.forget': (state, payload) => forgetFault(state, payload as Forgotten),
  'owner.approve': (state, payload, time) =>
    wordFault(state, payload as Word, time) ?? rememberFault(payload as Word),
  'owner.pair': (state, payload) =>
    pairFault(state, payload as { signing: string; encapsulation: string }),
  'owner.unpair': (state, payload) => unpairFault(state, payload as { connection: string }),
  'owner.grant': (state, payload) => grantFault(state, payload as Granted),
  'owner.rules.revoke': (state, payload) => ruleFault(state, payload as { rule: number }),
  'owner.connect': (state, payload, time) =>
    connectFault(state, payload as { invite: string }, time),
  'owner.share': (state, payload) => shareFault(state, payload as Shared),
  'owner.ask': (state, payload) => askFault(state, payload as { connection: string; type: string }),
  'owner.invite': (state, payload, time) => inviteFault(state, payload as Invited, time),
  'owner.agent': (state, payload, time) => agentGrantFault(state, payload as NewGrant, time),
  'agent.grant': (_state, _payload, _time, _received, sender) => agentAsksFault(sender),
  'peer.shares': (_state, _payload, _time, _received, sender) => sharesFault(sender),
  'owner.deny': (state, payload, time) => wordFault(state, payload as Word, time),
};

/**
 * Part of check 6 for the standard's own types: a command of the owner's app names something that
 * is there and waits for it, a request to connect brings a contract of its own. `undefined` where
 * nothing is wrong.
 */
export function commandFault({
  state,
  received,
  time,
  connection,
}: CheckContext): CommandFault | undefined {
  const type = received.event?.type ?? '';
  const check = Object.hasOwn(checks, type) ? checks[type] : undefined;
  return check?.(state, received.event?.payload, time, received, connection);
}

function handshakeFault(payload: AskedConnection): CommandFault | undefined {
  if (!isKey(payload.signing) || !isKey(payload.encapsulation))
    return fault('malformed', 'the keys are not base64url');
  if (!isEncapsulationKey(fromBase64url(payload.encapsulation)))
    return fault('malformed', 'the encapsulation key is none');
  if (payload.contract === undefined) return undefined;
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
  { account, signing }: AskedConnection,
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
  const connection = state.connections.get(payload.connection);
  if (wrong !== undefined || connection === undefined) return wrong;
  return choiceFault(state, connection.contract?.contract, payload.optional);
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
  if (kind === 'entries')
    return state.connections.get(name)?.stored === undefined
      ? fault('field_absent', 'this connection has stored nothing')
      : undefined;
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
