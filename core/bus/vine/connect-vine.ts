import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import { nkeyProof } from '../../../wire/nkey.ts';
import type { VineCredential } from './claims.ts';

/** How to connect: a name for the server's logs, the credential's inbox, and what should differ from the defaults. */
export type VineConnectOptions = Omit<ConnectionOptions, 'authenticator' | 'port' | 'servers'> & {
  readonly name: string;
  /** `partyInbox`, `ownerAppInbox`, `vaultInbox` or `sysInbox`: answers elsewhere are not permitted. */
  readonly inboxPrefix: string;
};

// A vine on the same machine is back within tens of milliseconds; the jitter keeps a hundred clients of one that was
// away from coming back at the same instant. A dead peer shows after 2 pings, that is 40 s.
const defaults = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 200,
  reconnectJitter: 300,
  pingInterval: 20_000,
  maxPingOut: 2,
  timeout: 10_000,
} as const satisfies ConnectionOptions;

/**
 * Connects to a vine, and again for ever when the connection is lost. It closes for good, and
 * `closed()` gives the error, when the server refuses the credential twice in a row: expired or revoked.
 * @param credential - a function is asked at every attempt, so that a renewed credential is used
 * @throws AuthorizationError, ConnectionError or TimeoutError of `@nats-io/transport-node`
 */
export function connectVine(
  url: string,
  credential: VineCredential | (() => VineCredential),
  options: VineConnectOptions,
): Promise<NatsConnection> {
  const current = typeof credential === 'function' ? credential : () => credential;
  const authenticator = (nonce?: string) => {
    const { jwt, seed } = current();
    return { jwt, ...nkeyProof(seed, nonce) };
  };
  return connect({ ...defaults, ...options, servers: url, authenticator });
}
