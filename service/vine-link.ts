import { setTimeout as sleep } from 'node:timers/promises';
import {
  AuthorizationError,
  connect,
  type NatsConnection,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';
import type { CredentialGranted } from '../wire/messages.ts';
import { nkeyProof } from '../wire/nkey.ts';
import { partyInbox } from '../wire/subjects.ts';
import { type Credential, claimsOf, credentialAt, isOver } from './credentials.ts';
import { ServiceError } from './errors.ts';

/** How long what was published is waited for. */
const handOverWithinMs = 2_000;

/** Whom a link connects to, and as whom. */
export type VineAddress = {
  readonly servers: readonly string[];
  /** The account, which is the party in subjects. */
  readonly party: string;
};

/**
 * Connects to a vine, again for ever when the connection is lost, and each time with what `credential`
 * gives then. It ends for good when the vine refuses that twice in a row: expired or revoked.
 * @throws ServiceError NOT_CONNECTED
 */
export function connectParty(
  { servers, party }: VineAddress,
  credential: () => Credential,
): Promise<NatsConnection> {
  return connectAs(servers, { name: 'service', inboxPrefix: partyInbox(party) }, credential);
}

/** Whether a vine that was reached has turned the credential away: revoked, or expired. */
export function isTurnedAway(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : undefined;
  return cause instanceof AuthorizationError || cause instanceof UserAuthenticationExpiredError;
}

/** `connectParty` for whoever it is. */
export async function connectAs(
  servers: readonly string[],
  who: { readonly name: string; readonly inboxPrefix: string },
  credential: () => Credential,
): Promise<NatsConnection> {
  try {
    return await connect({
      ...who,
      servers: [...servers],
      noRandomize: true,
      authenticator: (nonce?: string) => {
        const { jwt, seed } = credential();
        return { jwt, ...nkeyProof(seed, nonce) };
      },
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      reconnectJitter: 300,
    });
  } catch (error) {
    throw new ServiceError('NOT_CONNECTED', 'the messaging layer cannot be reached', error);
  }
}

/** One connection to a vine, as one party, for however many vaults; its credential may be replaced while it stands. */
export class VineLink {
  readonly address: VineAddress;
  readonly nc: NatsConnection;
  readonly #current: { granted: CredentialGranted };

  private constructor(
    address: VineAddress,
    nc: NatsConnection,
    current: { granted: CredentialGranted },
  ) {
    this.address = address;
    this.nc = nc;
    this.#current = current;
  }

  /** @throws ServiceError NOT_CONNECTED */
  static async open(address: VineAddress, granted: CredentialGranted): Promise<VineLink> {
    const current = { granted };
    const nc = await connectParty(address, () => credentialAt(current.granted, Date.now()));
    return new VineLink(address, nc, current);
  }

  /** What it connects with. */
  get granted(): CredentialGranted {
    return this.#current.granted;
  }

  /** Whether its credential is over: it stands by the one that can only ask for another. */
  get isOver(): boolean {
    return isOver(this.granted, Date.now());
  }

  /**
   * Connects with this credential from now on, if it is of the same party, lasts longer, and the vine
   * takes it: what one vault hands out must not cut off the others.
   */
  async adopt(granted: CredentialGranted): Promise<boolean> {
    if (granted.expires <= this.granted.expires) return false;
    if (claimsOf(granted.credential)?.account !== this.address.party) return false;
    try {
      const tried = await connectParty(this.address, () => granted.credential);
      await tried.close();
    } catch {
      return false;
    }
    const over = this.isOver;
    this.#current.granted = granted;
    if (over) await this.#again();
    return true;
  }

  async close(): Promise<void> {
    await this.nc.close();
  }

  /** Connects with what is current. Where that fails, the client goes on trying by itself. */
  async #again(): Promise<void> {
    try {
      await this.nc.reconnect();
      await this.nc.flush();
    } catch {}
  }
}

/** Resolves when the vine has what was published, or is not there to have it: a client that reconnects flushes nothing. */
export async function handedOver(nc: NatsConnection): Promise<void> {
  const flushed = nc.flush().catch(() => undefined);
  await Promise.race([flushed, sleep(handOverWithinMs, undefined, { ref: false })]);
}
