import { Map as Table } from 'immutable';
import type {
  Bodies,
  InstalledHandler,
  PeerKeys,
  ReceivedEvent,
  VaultKeys,
} from '../ledger/bodies.ts';
import type { Bucket, DecisionFacts } from '../ledger/decision.ts';
import type { SignedContract } from '../wire/contract.ts';
import type { Handover } from '../wire/handover.ts';

/** A sender's secret for a while, as the state keeps it. */
export type EpochState = {
  readonly number: number;
  readonly key: Uint8Array;
  readonly encapsulationHash: Uint8Array;
  /** Record time of its opening, Unix milliseconds; 0 for one that must not be sent in any more. */
  readonly at: number;
};

/** One key of the vault that took over from another. */
export type KeyHandover = {
  readonly handover: Handover;
  /** Public key that ended. */
  readonly from: Uint8Array;
  /** Record time, Unix milliseconds. */
  readonly at: number;
  /** The private half of the key that ended is destroyed. */
  readonly retired?: true;
};

/** The epoch that the vault sends in. */
export type SendingEpoch = EpochState & {
  readonly opening: NonNullable<Bodies['epoch_opened']['opening']>;
  /** Messages sealed in it. */
  readonly count: number;
};

/** Where a connection is in its life. */
export type ConnectionStatus = 'invited' | 'requested' | 'active' | 'declined' | 'severed';

/** One relation of the vault: a service's, or the owner's app. */
export type Connection = {
  readonly id: string;
  readonly kind: 'owner' | 'service';
  readonly status: ConnectionStatus;
  readonly party: string;
  readonly name: string;
  /** Its scope, hex. */
  readonly scope: string;
  readonly keys?: PeerKeys;
  readonly contract?: SignedContract;
  readonly contractHash?: string;
  readonly optional: readonly string[];
  /** Unix milliseconds. */
  readonly inviteExpires?: number;
  readonly credentialIssued?: number;
  readonly credentialExpires?: number;
  /** Account of the service's own that it asked to move to. */
  readonly account?: string;
  /** Who it was invited as, where it has moved. */
  readonly inviteParty?: string;
  /** Event id and key of the request to connect, until it is answered. */
  readonly request?: string;
  readonly bucket?: Bucket;
  /** Record time at which each field was first served. */
  readonly served: Table<string, number>;
  readonly receiving: Table<number, EpochState>;
  readonly sending?: SendingEpoch;
  /** How many of the vault's handovers of keys the peer knows; none where it is absent. */
  readonly knows?: number;
  /** The signing key before its present one: only what came under it is still recognised. */
  readonly former?: Uint8Array;
  /** Greatest of our epochs that its last event had seen. */
  readonly seen: number;
};

/** A request that is not answered yet. */
export type OpenRequest = {
  /** Event key: connection id, slash, event id. */
  readonly key: string;
  readonly connection: string;
  /** Index of its `received` record. */
  readonly index: number;
  readonly receivedAt: number;
  readonly status: 'pending' | 'running';
  readonly received: ReceivedEvent;
  readonly facts: DecisionFacts;
  readonly handler?: string;
  /** Fields that the owner approved; absent where no consent was needed. */
  readonly approved?: readonly string[];
};

/** An event id that must not be decided again while it is fresh. */
export type SeenEvent = {
  readonly digest: string;
  readonly time: number;
  /** Index of the `queued` record with its latest answer, and the scope of that. */
  readonly answer?: number;
  readonly scope?: string;
};

/** A sealed message that has to be published. */
export type OutboxMessage = Bodies['queued'] & {
  readonly index: number;
  /** Scope of its connection's day, hex. */
  readonly scope: string;
};

/** A day's answers to one connection, which share a key. */
export type OutboxScope = {
  readonly connection: string;
  readonly day: number;
  /** Hex. */
  readonly scope: string;
  /** Names of the fields whose values its messages hold. */
  readonly fields: readonly string[];
};

/** A field's value, and where it comes from. */
export type StoredField = {
  readonly value: string;
  /** Its own scope, hex: forgetting a field forgets every value that it ever had. */
  readonly scope: string;
  readonly index: number;
  /** Leaf of its record: commits to the value without saying it. */
  readonly leaf: Uint8Array;
  readonly at: number;
};

/** Everything a vault knows: what all records so far add up to. Never changed in place. */
export type VaultState = {
  /** Count of records folded. */
  readonly size: number;
  /** Time of the last one, Unix milliseconds. */
  readonly time: number;
  readonly vault: string;
  readonly keys?: VaultKeys;
  /** Scope of the vault itself, hex. */
  readonly scope: string;
  readonly measurement: string;
  readonly writer?: Uint8Array;
  readonly ring?: Bodies['opened']['ring'];
  readonly handlers: readonly InstalledHandler[];
  /** What the owner lets others see of it. */
  readonly shown?: { readonly name: string };
  /** How the vault's keys followed one another, from the first. */
  readonly handovers: readonly KeyHandover[];
  readonly connections: Table<string, Connection>;
  /** Connection id by party. */
  readonly parties: Table<string, string>;
  readonly fields: Table<string, StoredField>;
  readonly requests: Table<string, OpenRequest>;
  readonly seen: Table<string, SeenEvent>;
  readonly outbox: Table<string, OutboxMessage>;
  /** By `outboxKey`. */
  readonly outboxScopes: Table<string, OutboxScope>;
  /** Index of the `handled` record that used up each key. */
  readonly once: Table<string, number>;
  /** The last checkpoint, and the digests of all scopes that it and those before it recorded. */
  readonly checkpoint?: { readonly size: number; readonly digests: Table<string, string> };
};

/** The state before the first record. */
export const emptyState: VaultState = {
  size: 0,
  time: 0,
  vault: '',
  scope: '',
  measurement: '',
  handlers: [],
  handovers: [],
  connections: Table(),
  parties: Table(),
  fields: Table(),
  requests: Table(),
  seen: Table(),
  outbox: Table(),
  outboxScopes: Table(),
  once: Table(),
};

/** Key of an event: ids are unique only within a connection. */
export function eventKey(connection: string, id: string): string {
  return `${connection}/${id}`;
}

/** Namespace of a field: what stands before its first slash. */
export function namespaceOf(field: string): string {
  return field.slice(0, field.indexOf('/'));
}

/** Key of the outbox scope in which an answer to a connection is kept. */
export function outboxKey(connection: string, day: number): string {
  return `${connection}/${day}`;
}

/** Day of a time in Unix milliseconds, UTC. */
export function dayOf(time: number): number {
  return Math.floor(time / 86_400_000);
}

/** Whether a connection's account is the service's own, and has other vaults too. */
export function hasSharedAccount({ account, party }: Connection): boolean {
  return account !== undefined && account === party;
}

/** The owner's app. */
export function ownerConnection(state: VaultState): Connection | undefined {
  return state.connections.find((connection) => connection.kind === 'owner');
}
