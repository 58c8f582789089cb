import type { AgentOffer } from '../wire/agent-terms.ts';
import type { SignedContract } from '../wire/contract.ts';
import type { Event } from '../wire/event.ts';
import type { Handover } from '../wire/handover.ts';
import type { HandlerManifest } from '../wire/manifest.ts';
import type { PeerOffer } from '../wire/peer-messages.ts';
import type { Reason } from '../wire/reasons.ts';
import type { AgentBodies } from './agent-bodies.ts';
import type { ContractBodies } from './contract-bodies.ts';
import type { Decision } from './decision.ts';
import type { GrantBodies } from './grant-bodies.ts';
import type { Kind } from './kinds.ts';
import type { NoticeBodies } from './notice-bodies.ts';
import type { PeerBodies } from './peer-bodies.ts';
import type { AggregateBody, ErasedBody } from './upkeep-bodies.ts';

/*
 * What the sealed body of each kind of record says. Past tense: a body is a fact, and what follows
 * from it is the projections' business. Values of fields stand in `stored`, those of entries in
 * `value_received`, and both, sealed to their receiver, in `queued`; nowhere else.
 */

/** Who one end of a connection is. */
export type PeerKeys = {
  /** Ed25519, 32 bytes. */
  readonly signing: Uint8Array;
  /** MLKEM768-X25519, 1,216 bytes. */
  readonly encapsulation: Uint8Array;
};

/** The vault's public keys, each with its own domain. */
export type VaultKeys = PeerKeys & {
  /** Ed25519 key of ledger commits; the ledger id is its hash. */
  readonly ledger: Uint8Array;
  /** One Ed25519 key for each handler purpose. */
  readonly purposes: Readonly<Record<string, Uint8Array>>;
};

/** A handler of this image: what it may do, and the digest of what it is. */
export type InstalledHandler = { readonly manifest: HandlerManifest; readonly digest: string };

/** An event as it arrived: all that a decision may look at besides the state. */
export type ReceivedEvent = {
  readonly subject: string;
  /** Connection that the subject's party has; absent for the owner's space. */
  readonly connection: string;
  /** Id in the clear part of the envelope. */
  readonly id: string;
  /** SHA-256 of the event's bytes, or of the envelope's when it could not be opened. */
  readonly digest: Uint8Array;
  /** Length of the envelope. */
  readonly bytes: number;
  /** Why there is no event, where there is none. */
  readonly failure?: { readonly reason: Reason; readonly detail: string };
  /** The event, where the envelope opened; values of fields are taken out of its payload. */
  readonly event?: Event;
  /** Bytes in UTF-8 of the value of an entry to be stored, which was taken out of the payload. */
  readonly valueBytes?: number;
  /** Evidence: exact signed bytes, unless they hold the value of a field or an entry. */
  readonly signed?: Uint8Array;
  /** The signature over them, and whether it is the one of the connection's key. */
  readonly signature?: { readonly bytes: Uint8Array; readonly valid: boolean };
  /** Epoch of the sender that it came in, and the greatest of ours that the sender has opened. */
  readonly epoch: number;
  readonly seen: number;
};

/** What a handler did, without any value. */
export type HandledBody = {
  /** Event key of the request. */
  readonly request: string;
  readonly handler: { readonly name: string; readonly version: string; readonly digest: string };
  readonly code: 'ok' | 'failed' | 'timeout' | 'dropped';
  readonly reason?: Reason;
  readonly detail?: string;
  readonly durationMs: number;
  readonly provided: readonly string[];
  readonly refused: readonly string[];
  readonly accesses: readonly {
    readonly what: string;
    readonly name: string;
    readonly permitted: boolean;
  }[];
  readonly effects: readonly { readonly type: string; readonly [member: string]: unknown }[];
  /** Key that may not take effect again, where the type has one. */
  readonly once?: string;
};

/** A key of the vault that can be replaced. */
export type RotatedPurpose = 'ledger' | 'signing' | 'encapsulation';

/** Contents of a record, by kind. */
export type Bodies = GrantBodies &
  PeerBodies &
  AgentBodies &
  NoticeBodies &
  ContractBodies & {
    readonly genesis: {
      readonly vault: string;
      readonly keys: VaultKeys;
      readonly measurement: string;
    };
    readonly opened: {
      /** 16 random bytes: a writer that meets another's later `opened` closes for good. */
      readonly writer: Uint8Array;
      readonly measurement: string;
      readonly handlers: readonly InstalledHandler[];
      readonly ring: { readonly generation: number; readonly hash: Uint8Array };
    };
    readonly closed: Readonly<Record<string, never>>;
    readonly checkpoint: {
      /** Signed note (C2SP tlog-checkpoint) over the tree of all records before this one. */
      readonly note: string;
      /**
       * Digests of the state before this record; of scopes, those that have changed since the last one. Where
       * they are too many for a record, they are left out: then the next one begins anew.
       */
      readonly digests: {
        readonly version: number;
        readonly total: string;
        readonly scopes?: Readonly<Record<string, string>>;
      };
      readonly measurement: string;
    };
    readonly received: ReceivedEvent;
    readonly decided: { readonly request: string; readonly again: boolean } & Decision;
    readonly handled: HandledBody;
    readonly queued: {
      /** Id of the event in `bytes`, under which it is published. */
      readonly id: string;
      readonly connection: string;
      readonly subject: string;
      readonly bytes: Uint8Array;
      /** Event key of the request that it answers; a redelivery gets the latest answer again. */
      readonly answers?: string;
      /** Answers a critical event: it leaves when the pins cover it. */
      readonly critical?: boolean;
      /** Names of the fields whose values it holds, sealed to its receiver. */
      readonly fields?: readonly string[];
    };
    readonly sent: { readonly ids: readonly string[] };
    readonly expired: { readonly request: string; readonly reason: Reason };
    readonly invited: {
      readonly connection: string;
      readonly party: string;
      readonly label: string;
      /** Unix time in milliseconds. */
      readonly expires: number;
      /** It is for another vault. */
      readonly peer?: true;
      /** It is for an agent. */
      readonly agent?: true;
    };
    readonly requested: {
      readonly connection: string;
      readonly keys: PeerKeys;
      /** What a service asks under; a peer has none. */
      readonly contract?: SignedContract;
      /** What a peer says of itself: a name, and maybe an invite to its own vine. */
      readonly peer?: PeerOffer;
      /** What an agent says of itself. */
      readonly agent?: AgentOffer;
      /** Event id of the request. */
      readonly event: string;
      /** Account of the service's own, proved to be, that the connection moves to. */
      readonly account?: string;
    };
    readonly connected: {
      readonly connection: string;
      readonly kind: 'owner' | 'service' | 'peer' | 'agent';
      readonly party: string;
      readonly name: string;
      readonly keys: PeerKeys;
      /** Optional fields that the owner gave. */
      readonly optional: readonly string[];
      /** When its messaging credential was issued, and when it ends, Unix time in milliseconds. */
      readonly credentialIssued?: number;
      readonly credentialExpires?: number;
      /** Of a device of the owner: its user of the messaging layer, by its public key. */
      readonly user?: string;
    };
    readonly credential_renewed: {
      readonly connection: string;
      /** When the new credential was issued, and when it ends, Unix time in milliseconds. */
      readonly credentialIssued: number;
      readonly credentialExpires: number;
    };
    readonly declined: { readonly connection: string };
    readonly severed: {
      readonly connection: string;
      /** `vine`: a peer's vine lets this vault in no more, and what the peer had to say was not heard. */
      readonly by: 'owner' | 'peer' | 'vine';
    };
    readonly consented: {
      readonly request: string;
      /** SHA-256 of the exact request. */
      readonly hash: Uint8Array;
      readonly outcome: 'approved' | 'denied';
      readonly fields: readonly string[];
      /** Id of the device key that decided, hex. */
      readonly device: string;
    };
    readonly stored: { readonly field: string; readonly value: string };
    readonly rotated:
      | {
          readonly purpose: RotatedPurpose;
          /** Public keys: the one that ends, and the one that takes over. */
          readonly from: Uint8Array;
          readonly to: Uint8Array;
          /** How those who know the one before are told; absent in records of before there was a way. */
          readonly handover?: Handover;
        }
      /** The keyring was wrapped anew, and is this one now. */
      | { readonly purpose: 'ring'; readonly ring: Bodies['opened']['ring'] };
    /** A key of the vault that is honoured no longer: its private half is destroyed. */
    readonly retired: {
      readonly purpose: 'signing' | 'encapsulation';
      readonly key: Uint8Array;
    };
    /** A peer has said that it knows the vault's keys, as they are after so many handovers. */
    readonly keys_known: { readonly connection: string; readonly handovers: number };
    /** A party has other keys from now on; the ones before have signed for them. */
    readonly rekeyed: { readonly connection: string; readonly keys: PeerKeys };
    /** What the owner lets the vault be called. */
    readonly presented: { readonly name: string };
    /** Addresses at which the vault is reached from now on, in the order in which they are tried; none for its vine's own. */
    readonly moved: { readonly servers: readonly string[] };
    /** A peer has said that it keeps the addresses of the `moved` record of that index. */
    readonly servers_known: { readonly connection: string; readonly moved: number };
    readonly erased: ErasedBody;
    readonly aggregate: AggregateBody;
    /** The value that an event brought to be stored, under the scope of its party's entries. */
    readonly value_received: {
      readonly connection: string;
      /** Event key of the request. */
      readonly request: string;
      readonly value: string;
    };
    readonly epoch_opened: {
      readonly connection: string;
      readonly direction: 'to-vault' | 'from-vault';
      readonly number: number;
      readonly key: Uint8Array;
      readonly encapsulationHash: Uint8Array;
      /** The opening that our envelopes repeat until the peer has seen it. */
      readonly opening?: {
        readonly recipient: Uint8Array;
        readonly encapsulation: Uint8Array;
        readonly signature: Uint8Array;
      };
    };
  };

/** One fact about to be appended. */
export type Draft = {
  readonly [K in Kind]: {
    readonly kind: K;
    /** Scope id, hex. */
    readonly scope: string;
    /** Index of the record that it follows from. */
    readonly cause?: number;
    readonly body: Bodies[K];
  };
}[Kind];

/** A record whose scope was erased: what it said is gone for good. */
export type Tombstone = {
  readonly kind: 'tombstone';
  readonly scope: string;
  readonly cause?: undefined;
  readonly body: { readonly was: Kind };
};

/** One fact of the ledger, opened. */
export type LedgerRecord = (Draft | Tombstone) & {
  readonly index: number;
  /** Unix time in milliseconds; never less than the record before. */
  readonly time: number;
  /** 32 bytes. */
  readonly leaf: Uint8Array;
  /** How many records of its scope stand before it. */
  readonly scopeIndex: number;
};
