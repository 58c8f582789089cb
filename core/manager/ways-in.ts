import {
  type Connection,
  hasSharedAccount,
  type VaultState,
} from '../../projections/vault-state.ts';
import type { CredentialGranted } from '../../wire/messages.ts';
import type { WayIn } from './ports.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * How a party reaches the vault: the subjects that the vault takes of it, and the credentials that
 * the messaging layer serves it by. A way in is opened before the fact is durable (whoever uses it
 * too early is refused by the decision), and closed after.
 */

/** Lives of a credential for which the one to come back with lasts. */
const renewalLives = 12;

/** The account and reach of a party that a connection has. */
export function wayInOf(connection: Connection): WayIn {
  return { party: connection.party, shared: hasSharedAccount(connection) };
}

/** What was granted, for the party; and for its record, when it was issued and ends. */
export type Grant = {
  readonly granted: CredentialGranted;
  readonly recorded: { readonly credentialIssued: number; readonly credentialExpires: number };
};

/** Lets a party in, with a new credential. */
export async function letIn(parts: VaultParts, turn: Turn, way: WayIn): Promise<Grant> {
  const { admission, bus } = parts;
  const { time } = turn.batch;
  const expires = time + admission.credentialMs;
  const renewalExpires = time + renewalLives * admission.credentialMs;
  const issued = await admission.accept(way, { expires, renewalExpires });
  await bus.admit(way.party, 'connected');
  const { credential, renewal } = issued;
  return {
    granted: { credential, expires, renewal: { ...renewal, expires: renewalExpires } },
    recorded: { credentialIssued: issued.at, credentialExpires: expires },
  };
}

/** Takes in everybody that the state says may come in: for an opening, before the vault listens. */
export async function letInAll(bus: VaultParts['bus'], state: VaultState): Promise<void> {
  for (const connection of state.connections.values()) {
    const { kind, status, party, inviteParty, inviteExpires = 0 } = connection;
    if (kind === 'owner') continue;
    if (status === 'active') await bus.admit(party, 'connected');
    if (status === 'requested' || (status === 'invited' && inviteExpires > state.time))
      await bus.admit(party, 'handshake');
    if (status === 'active' && inviteParty !== undefined && inviteExpires > state.time)
      await bus.admit(inviteParty, 'handshake');
  }
}

/**
 * The invite's credential ends when the one that replaced it is in use: until then its holder may
 * have to ask once more for an acceptance that was lost.
 */
export function endInvite(parts: VaultParts, turn: Turn, connection: Connection): void {
  const { status, party, inviteParty, inviteExpires = 0, credentialIssued } = connection;
  if (status !== 'active' || inviteExpires <= turn.batch.time || credentialIssued === undefined)
    return;
  turn.effects.push(() => {
    if (inviteParty === undefined)
      return void revoke(parts, { party, shared: false }, credentialIssued);
    parts.bus.dismiss(inviteParty);
    return void revoke(parts, { party: inviteParty, shared: false });
  });
}

/** Takes nothing of a connection's party any more, and ends the credentials that are only for this vault. */
export function shutOut(parts: VaultParts, connection: Connection): void {
  takeNothing(parts, connection);
  void revokeOwn(parts, connection);
}

/** Takes nothing of a connection's party any more. */
export function takeNothing({ bus }: VaultParts, connection: Connection): void {
  for (const way of ownWays(connection)) bus.dismiss(way.party);
}

/** Whether a connection is over whose credentials may still last: a vault that stopped too early has left them. */
export function isOver(connection: Connection, time: number): boolean {
  const { status, inviteExpires = 0, credentialIssued, credentialExpires = 0 } = connection;
  const last =
    credentialIssued === undefined
      ? credentialExpires
      : credentialIssued + renewalLives * (credentialExpires - credentialIssued);
  return (status === 'severed' && last > time) || (status === 'declined' && inviteExpires > time);
}

/**
 * Ends credentials that are only for this vault, and drops what is kept for the party. A shared account goes on: its other
 * vaults must not notice.
 */
export async function revokeOwn(parts: VaultParts, connection: Connection): Promise<void> {
  const ways = ownWays(connection);
  const own = ways.filter(({ shared }) => !shared);
  await Promise.all(own.map((way) => revoke(parts, way)));
  await Promise.all(ways.map((way) => forget(parts, way)));
}

function ownWays(connection: Connection): WayIn[] {
  const { inviteParty } = connection;
  const invited = inviteParty === undefined ? [] : [{ party: inviteParty, shared: false }];
  return [wayInOf(connection), ...invited];
}

/** Ends credentials, once what was to be published to their party is with the server. */
async function revoke(
  { published, admission, log }: VaultParts,
  way: WayIn,
  before?: number,
): Promise<void> {
  try {
    await published();
    await admission.revoke(way, before);
  } catch (error) {
    log('credential not revoked', { party: way.party, error: String(error) });
  }
}

/** Drops what the messaging layer keeps for a party that is out, of this vault. */
async function forget({ published, admission, log }: VaultParts, way: WayIn): Promise<void> {
  try {
    await published();
    await admission.forget(way);
  } catch (error) {
    log('kept answers not dropped', { party: way.party, error: String(error) });
  }
}
