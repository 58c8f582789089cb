import { randomBytes } from 'node:crypto';
import { fromBase64url, toBase64url } from '../wire/bytes.ts';
import { type Contract, contractHash, signContract } from '../wire/contract.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { ContractRef } from '../wire/event.ts';
import { encapsulationKeyFrom } from '../wire/key-encapsulation.ts';
import type { ConnectionAccepted, ConnectionRequest, Invite } from '../wire/messages.ts';
import { ledgerOf } from './checked-answer.ts';
import type { PeerIdentity } from './session.ts';
import type { VaultAddress } from './vault-client.ts';

/** A service's own keys, as it keeps them: secret. Members are base64url. */
export type ServiceKeys = { readonly signing: string; readonly encapsulation: string };

/** A service's side of one connection, as it keeps it: secret. */
export type ServiceConnection = {
  readonly keys: ServiceKeys;
  readonly invite: Invite;
  readonly contract: Contract;
  /** A version that was published to this vault and that its owner has not decided about. */
  readonly offered?: Contract;
  /** Id of the request to connect. */
  readonly request?: string;
  readonly accepted?: ConnectionAccepted;
};

/** Fresh keys. */
export function newServiceKeys(): ServiceKeys {
  const seed = (): string => toBase64url(new Uint8Array(randomBytes(32)));
  return { signing: seed(), encapsulation: seed() };
}

/** How a service reaches the vault of a connection: with the invite's credential until it is accepted. */
export async function addressOf(
  connection: ServiceConnection,
  servers: readonly string[] = connection.invite.servers,
): Promise<VaultAddress> {
  const { keys, invite, accepted } = connection;
  const identity: PeerIdentity = {
    vault: invite.vault,
    connection: invite.connection,
    party: invite.party,
    signer: signerFrom(fromBase64url(keys.signing)),
    encapsulation: await encapsulationKeyFrom(fromBase64url(keys.encapsulation)),
    vaultSigning: fromBase64url(invite.signing),
    vaultEncapsulation: fromBase64url(invite.encapsulation),
    ledger: ledgerOf(invite),
  };
  return { servers, credential: accepted?.credential ?? invite.credential, identity };
}

/** Payload of the request to connect: our keys, and the contract signed by us. */
export async function connectionRequest(connection: ServiceConnection): Promise<ConnectionRequest> {
  const { identity } = await addressOf(connection);
  return {
    signing: toBase64url(identity.signer.publicKey),
    encapsulation: toBase64url(identity.encapsulation.publicKey),
    contract: signContract(identity.signer, connection.contract),
  };
}

/** How requests name the contract that they are made under. */
export function contractRef(contract: Contract): ContractRef {
  return { id: contract.id, version: contract.version, hash: contractHash(contract) };
}
