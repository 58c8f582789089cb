import { Map as Table } from 'immutable';
import type {
  Bodies,
  InstalledHandler,
  PeerKeys,
  ReceivedEvent,
  VaultKeys,
} from '../ledger/bodies.ts';
import type { Bucket, CountedApart, DecisionFacts } from '../ledger/decision.ts';
import type { RememberedBody } from '../ledger/grant-bodies.ts';
import type { SignedContract } from '../wire/contract.ts';
import type { Handover } from '../wire/handover.ts';
import type { AgentState } from './agent-state.ts';
import type { Dial } from './dial.ts';
import type { NoticeLog } from './evolve-notices.ts';

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

/** The next version of a contract, which waits for the owner: the one in force is frozen. */
export type OfferedContract = {
  readonly contract: SignedContract;
  readonly hash: string;
  /** Event id of the update, until it is answered. */
  readonly event: string;
  /** Record time of the offer, Unix milliseconds. */
  readonly at: number;
};

/** One relation of the vault: a service's, a peer's, an agent's, or the owner's app. */
export type Connection = {
  readonly id: string;
  readonly kind: 'owner' | 'service' | 'peer' | 'agent';
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
  /** Of a device of the owner: its user of the messaging layer. */
  readonly user?: string;
  /** Event id and key of the request to connect, until it is answered. */
  readonly request?: string;
  readonly bucket?: Bucket;
  /** Buckets besides that of requests; absent until one was counted. */
  readonly buckets?: { readonly [counted in CountedApart]?: Bucket };
  readonly offered?: OfferedContract;
  /** Its stored entries: their scope (hex), and what they count (bytes). */
  readonly stored?: { readonly scope: string; readonly bytes: number };
  /** Record time at which each field was first served since it was last granted. */
  readonly served: Table<string, number>;
  /** Epoch of the sender in which fields of retention `session` were first served. */
  readonly sessions?: Table<string, number>;
  /** Remembered approvals, by the index of their records. */
  readonly rules?: Table<number, Rule>;
  readonly receiving: Table<number, EpochState>;
  readonly sending?: SendingEpoch;
  /** How many of the vault's handovers of keys the peer knows; none where it is absent. */
  readonly knows?: number;
  /** Index of the `moved` record whose addresses the peer keeps; absent where it has those of before any. */
  readonly keeps?: number;
  /** The signing key before its present one: only what came under it is still recognised. */
  readonly former?: Uint8Array;
  /** Of a peer: how it is reached. */
  readonly dial?: Dial;
  /** Of an agent: what was counted of it. What it may do stands in its contract. */
  readonly agent?: AgentState;
  /** Greatest of our epochs that its last event had seen. */
  readonly seen: number;
  /** Greatest of its event ids that was ever in `seen`; absent before the first. */
  readonly newest?: string;
};

/** A remembered approval, and the record that says so. */
export type Rule = RememberedBody & {
  readonly index: number;
  /** Record time, Unix milliseconds. */
  readonly at: number;
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
  /** The value of the entry that it wants stored. */
  readonly value?: ReceivedValue;
};

/** A value to be stored, sealed under the scope of its party's entries. */
export type ReceivedValue = {
  readonly value: string;
  /** Hex. */
  readonly scope: string;
  /** Record that holds it, and its leaf: commits to the value without saying it. */
  readonly index: number;
  readonly leaf: Uint8Array;
};

/** Something that a service has stored. */
export type StoredEntry = ReceivedValue & {
  readonly connection: string;
  readonly category: string;
  readonly key: string;
  /** What it counts against the limit of its contract. */
  readonly bytes: number;
  /** Record time at which it was stored, Unix milliseconds. */
  readonly at: number;
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
  /** Where the owner says that it is reached (none: at its vine's own address), and the index of the record that says so; absent until they have. */
  readonly address?: { readonly servers: readonly string[]; readonly index: number };
  /** How the vault's keys followed one another, from the first. */
  readonly handovers: readonly KeyHandover[];
  readonly connections: Table<string, Connection>;
  /** Connection id by party. */
  readonly parties: Table<string, string>;
  readonly fields: Table<string, StoredField>;
  /** By `entryKey`. */
  readonly entries: Table<string, StoredEntry>;
  readonly requests: Table<string, OpenRequest>;
  readonly seen: Table<string, SeenEvent>;
  readonly outbox: Table<string, OutboxMessage>;
  /** By `outboxKey`. */
  readonly outboxScopes: Table<string, OutboxScope>;
  /** Index of the `handled` record that used up each key. */
  readonly once: Table<string, number>;
  /** What the owner was told, by `noticeKey`; absent until there was something. */
  readonly notices?: Table<string, NoticeLog>;
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
  entries: Table(),
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

/** The connection that an event's key names. */
export function connectionOfKey(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

/** Key of a stored entry: a party's entries begin with its connection's id. */
export function entryKey(connection: string, category: string, key: string): string {
  return `${connection}/${category}/${key}`;
}

/** Name in an outbox scope for values of the entries that its own connection has stored. No field is named so. */
export const storedEntries = '#entries';

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

/** The owner's devices that have not been removed, each a connection of its own; the oldest first. */
export function ownerDevices(state: VaultState): readonly Connection[] {
  const devices = state.connections.filter(
    ({ kind, status }) => kind === 'owner' && status === 'active',
  );
  return [...devices.values()];
}
