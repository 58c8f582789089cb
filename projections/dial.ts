import type { DialKeys, PeerVaultKeys } from '../ledger/peer-bodies.ts';
import type { ConnectionAccepted } from '../wire/messages.ts';

/** How the vault reaches a peer: from the invite on, to the credential that the peer gave it. */
export type Dial = {
  /** Text of the peer's invite. */
  readonly invite: string;
  /** What we are there; absent until our owner has agreed. */
  readonly keys?: DialKeys;
  /** Text of the invite that the peer is to reach us by, until it has let us in. */
  readonly offer?: string;
  readonly accepted?: ConnectionAccepted;
  /** The peer's keys, where they are others than its invite's. */
  readonly peerKeys?: PeerVaultKeys;
  /** Where it says that it is reached, where that is not what its invite says. */
  readonly servers?: readonly string[];
  /** What the peer calls itself; nobody has checked it. */
  readonly name?: string;
};
