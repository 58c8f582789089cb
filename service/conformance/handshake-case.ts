import type { ConnectionRequest } from '../../wire/messages.ts';
import type { Sent } from './forgery.ts';
import type { Peer } from './peer.ts';

/** A way to ask to connect that must be refused; the rule that it tries, and what is sent. */
export type HandshakeCase = {
  readonly id: string;
  readonly page: string;
  readonly section: string;
  readonly says: string;
  /** What it may be told, where the vault tells it anything. */
  readonly codes: readonly string[];
  readonly make: (peer: Peer, payload: ConnectionRequest) => Promise<readonly Sent[]>;
};
