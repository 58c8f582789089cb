import type { SignedContract } from '../wire/contract.ts';
import type { ConnectionAccepted } from '../wire/messages.ts';

/** How a vault reaches another one: as a party there, with keys of its own. */
export type DialKeys = {
  /** Seeds of its Ed25519 and MLKEM768-X25519 keys, base64url: secret. */
  readonly signing: string;
  readonly encapsulation: string;
};

/** A peer's public keys, where they are others than its invite's. Base64url. */
export type PeerVaultKeys = {
  readonly signing: string;
  readonly encapsulation: string;
  /** Every key of its ledger that is known, the last one in force. */
  readonly ledger: readonly string[];
};

/** Contents of the records about other vaults. */
export type PeerBodies = {
  /** The vault may dial a peer: it has an invite, and keys to ask with. */
  readonly dial_prepared: {
    readonly connection: string;
    /** The peer's invite, as text. */
    readonly invite: string;
    readonly keys: DialKeys;
    /** The invite that the peer is to reach us by, as text; absent where it has let us know its own by ours. */
    readonly offer?: string;
  };
  /** The peer has let the vault in, gave it another credential, or has other keys of its own. */
  readonly dial_granted: {
    readonly connection: string;
    readonly accepted?: ConnectionAccepted;
    readonly peerKeys?: PeerVaultKeys;
  };
  /** The peer has said that it is reached elsewhere from now on. */
  readonly peer_moved: {
    readonly connection: string;
    /** Addresses of its vine, in the order in which they are tried. */
    readonly servers: readonly string[];
  };
  /** What the owner shares with a peer from now on: a contract that the vault has drawn up and signed itself. */
  readonly shared: {
    readonly connection: string;
    readonly contract: SignedContract;
    /** Id of the device key that said so, hex; absent for what a connection begins with. */
    readonly device?: string;
  };
  /** What a peer answered to something that the owner had asked. Names, never values. */
  readonly peer_answered: {
    readonly connection: string;
    /** Id of the event that was sent, and its type. */
    readonly event: string;
    readonly type: string;
    readonly status: 'served' | 'pending' | 'refused';
    readonly code?: string;
    /** Fields that were asked for. */
    readonly fields?: readonly string[];
    /** The vault that answered has signed it. */
    readonly signed?: boolean;
  };
};
