import { randomBytes } from 'node:crypto';
import { proveAccount } from '../wire/account-proof.ts';
import { grantTold } from '../wire/agent-contract.ts';
import type { AgentOffer } from '../wire/agent-terms.ts';
import type { AgentRequest } from '../wire/asked-connection.ts';
import { fromBase64url, toBase64url } from '../wire/bytes.ts';
import { type Contract, contractHash, signContract } from '../wire/contract.ts';
import { type Signer, signerFrom } from '../wire/crypto.ts';
import type { ContractRef } from '../wire/event.ts';
import { encapsulationKeyFrom } from '../wire/key-encapsulation.ts';
import type { ConnectionAccepted, ConnectionRequest, Invite } from '../wire/messages.ts';
import { ledgerOf } from './checked-answer.ts';
import type { VaultAddress } from './client-options.ts';
import { credentialAt } from './credentials.ts';
import type { OwnKeys, PeerIdentity } from './session.ts';
import { type KeptVaultKeys, withVaultKeys } from './vault-keys.ts';

/** A service's own keys, as it keeps them: secret. Members are base64url. */
export type ServiceKeys = { readonly signing: string; readonly encapsulation: string };

/** A service's side of one connection, as it keeps it: secret. */
export type ServiceConnection = {
  readonly keys: ServiceKeys;
  readonly invite: Invite;
  /** What it asks under; of an agent, what the vault has drawn up for it. */
  readonly contract: Contract;
  /** What an agent says of itself; absent for a service. */
  readonly agent?: AgentOffer;
  /** A version that was published to this vault and that its owner has not decided about. */
  readonly offered?: Contract;
  /** The request to connect as it was sent, which may be sent again; bytes are base64url. */
  readonly asked?: { readonly id: string; readonly subject: string; readonly bytes: string };
  readonly accepted?: ConnectionAccepted;
  /** Where the vault says that it is reached, where that is not what its invite says. */
  readonly servers?: readonly string[];
  /** The vault's keys, where they are others than the invite's by now. */
  readonly vaultKeys?: KeptVaultKeys;
  /** Keys that are to take over from ours: asked for, and not known to be taken. */
  readonly next?: ServiceKeys;
};

/** An agent's side of a connection that is not accepted yet: it learns with that under what it asks. */
export type AskingAgent = Omit<ServiceConnection, 'contract' | 'offered' | 'accepted' | 'agent'> & {
  readonly agent: AgentOffer;
  readonly contract?: never;
  readonly accepted?: never;
};

/** Either, accepted or not. */
export type PartyConnection = ServiceConnection | AskingAgent;

/** What of a connection leads to its vault. */
export type WayToVault = Omit<ServiceConnection, 'contract' | 'offered' | 'asked' | 'agent'>;

/** Fresh keys. */
export function newServiceKeys(): ServiceKeys {
  const seed = (): string => toBase64url(new Uint8Array(randomBytes(32)));
  return { signing: seed(), encapsulation: seed() };
}

/** How a service reaches the vault of a connection: with the invite's credential until it is accepted, then with the one that is good now. */
export async function addressOf(
  connection: WayToVault,
  servers: readonly string[] = connection.servers ?? connection.invite.servers,
): Promise<VaultAddress> {
  const { keys, invite, accepted, vaultKeys, next } = connection;
  const invited: PeerIdentity = {
    vault: invite.vault,
    connection: invite.connection,
    party: accepted?.party ?? invite.party,
    signer: signerFrom(fromBase64url(keys.signing)),
    encapsulation: await encapsulationKeyFrom(fromBase64url(keys.encapsulation)),
    ...(next === undefined
      ? {}
      : { alsoOpens: [await encapsulationKeyFrom(fromBase64url(next.encapsulation))] }),
    vaultSigning: fromBase64url(invite.signing),
    vaultEncapsulation: fromBase64url(invite.encapsulation),
    ledger: ledgerOf(invite),
  };
  const identity = vaultKeys === undefined ? invited : withVaultKeys(invited, vaultKeys);
  const credential =
    accepted === undefined ? invite.credential : credentialAt(accepted, Date.now());
  return { servers, credential, identity };
}

/** The connection as its vault has accepted it; `undefined` where an agent was told nothing of what it may do. */
export function acceptedBy(
  connection: PartyConnection,
  accepted: ConnectionAccepted,
): (ServiceConnection & { readonly accepted: ConnectionAccepted }) | undefined {
  if (!isAskingAgent(connection)) return { ...connection, accepted };
  const contract = grantTold({ contract: accepted.grant });
  return contract && { ...connection, contract, accepted };
}

/** An account of the service's own that a connection is to have, and the id of the event that asks for it. */
export type AskedAccount = { readonly account: Signer; readonly event: string };

/** Whether a connection is an agent's that has asked, or is about to, and is not accepted. */
export function isAskingAgent(connection: PartyConnection): connection is AskingAgent {
  return !('contract' in connection);
}

/** Payload of the request to connect: our keys, and the contract signed by us. */
export async function connectionRequest(
  connection: ServiceConnection,
  own?: AskedAccount,
): Promise<ConnectionRequest> {
  const { signer } = (await addressOf(connection)).identity;
  return {
    ...(await ownKeysFor(connection, own)),
    contract: signContract(signer, connection.contract),
  };
}

/** The same of an agent: it brings no contract. */
export async function agentRequest(
  connection: AskingAgent,
  own?: AskedAccount,
): Promise<AgentRequest> {
  return { ...(await ownKeysFor(connection, own)), agent: connection.agent };
}

async function ownKeysFor(
  connection: WayToVault,
  own: AskedAccount | undefined,
): Promise<Omit<ConnectionRequest, 'contract'>> {
  const { identity } = await addressOf(connection);
  const { vault, signer, encapsulation } = identity;
  const signing = signer.publicKey;
  const use = { vault, connection: identity.connection, signing };
  return {
    signing: toBase64url(signing),
    encapsulation: toBase64url(encapsulation.publicKey),
    ...(own === undefined
      ? {}
      : { account: proveAccount(own.account, { ...use, event: own.event }) }),
  };
}

/** Keys of a service, ready for use. */
export async function openServiceKeys(keys: ServiceKeys): Promise<OwnKeys> {
  return {
    signer: signerFrom(fromBase64url(keys.signing)),
    encapsulation: await encapsulationKeyFrom(fromBase64url(keys.encapsulation)),
  };
}

/** How requests name the contract that they are made under. */
export function contractRef(contract: Contract): ContractRef {
  return { id: contract.id, version: contract.version, hash: contractHash(contract) };
}
