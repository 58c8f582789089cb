import { type AccountProof, accountProofSchema } from './account-proof.ts';
import { agentCommandSchema, agentOfferSchema } from './agent-grant.ts';
import type { SignedContract } from './contract.ts';
import { fieldNamePattern, linePattern, signedContractSchema } from './contract.ts';
import { durationPattern } from './duration.ts';
import { handoverPurposes, knownKeyIdsSchema } from './handover.ts';
import { objectSchema } from './json-schema.ts';
import type { DeliveryClass, JsonSchema } from './manifest.ts';
import {
  askSchema,
  connectSchema,
  inviteSchema,
  peerOfferSchema,
  shareSchema,
} from './peer-messages.ts';
import { profileNameMax } from './profile.ts';
import type { PublicReason } from './reasons.ts';
import { rekeySchema } from './rekey.ts';
import { movedSchema, namedServersSchema } from './servers.ts';
import type { AnswerStatement } from './statement.ts';
import type { TypeLimit } from './type-limits.ts';

/*
 * The events that the standard itself knows: handshake, answers and what the owner's app says.
 * All other types belong to handlers and stand in their manifests.
 */

/** Type of the answer to a best-effort event; its `cause` is the id of the event answered. */
export const answerType = 'event.answer';
/** Type of the answer to a critical event: the same, but the messaging layer keeps it until its party has it. */
export const keptAnswerType = 'event.answer.kept';

/** Whether events of this type are answers. */
export function isAnswerType(type: string): boolean {
  return type === answerType || type === keptAnswerType;
}

/** Type of the notification that a request waits for the owner. */
export const consentRequestedType = 'consent.requested';
/** Type of the notification that a party wants to connect. */
export const connectionRequestedType = 'connection.requested';

/** Type of the notification that the vault has other keys: its payload has handovers. */
export const keysChangedType = 'connection.keys_changed';
/** Type of the notification that the vault is reached at other addresses. */
export const connectionMovedType = 'connection.moved';
/** Type of the message that asks for a vault's profile, and of the one that shows it: both are in clear. */
export const profileGetType = 'profile.get';
export const profileShownType = 'profile.shown';
/** Type of the notification that there is another profile to be had. */
export const profileChangedType = 'profile.changed';
/** Type of the last notification that a severed party gets. */
export const connectionSeveredType = 'connection.severed';
/** Type of the notification that a party has published the next version of its contract. */
export const contractOfferedType = 'contract.offered';

/** Type of the notification that a service has a message for the owner. */
export const messageReceivedType = 'message.received';

/** Payload of an answer. */
export type Answer = (
  | { readonly status: 'served'; readonly type: string; readonly result: unknown }
  | { readonly status: 'pending'; readonly type: string; readonly until?: number }
  | {
      readonly status: 'refused';
      readonly type: string;
      readonly code: PublicReason;
      /** In words, where the owner may know more than a peer. */
      readonly detail?: string;
    }
) & {
  /** What the vault signs about it, where it answers a service. */
  readonly statement?: AnswerStatement;
};

/** Payload of `connection.request`. */
export type ConnectionRequest = {
  /** Ed25519 key, base64url. */
  readonly signing: string;
  /** MLKEM768-X25519 key, base64url. */
  readonly encapsulation: string;
  readonly contract: SignedContract;
  /** An account of the service's own, which all its vaults on this vine share. */
  readonly account?: AccountProof;
};

/** What a party connects with. */
type Credential = { readonly jwt: string; readonly seed: string };

/** A party's credential, and the one to come back with. Times are Unix time in milliseconds. */
export type CredentialGranted = {
  readonly credential: Credential;
  /** When the credential ends. */
  readonly expires: number;
  /** It can do nothing but ask for another credential, and lasts longer. */
  readonly renewal: Credential & { readonly expires: number };
};

/** Result of an accepted `connection.request`. */
export type ConnectionAccepted = CredentialGranted & {
  /** Who the service is in subjects from now on: the account that it named, or the invite's party. */
  readonly party: string;
  /** Optional fields that the owner gave. */
  readonly optional: readonly string[];
  /** Event types that the messaging layer keeps until the vault has them. */
  readonly critical: readonly string[];
  /** What an agent may do: the contract that its vault has drawn up. */
  readonly grant?: SignedContract;
};

/** Payload of `contract.update`: the next version, signed with the key of the connection. */
export type ContractUpdate = { readonly contract: SignedContract };

/** Result of an accepted `contract.update`. */
export type ContractAccepted = {
  /** The version that requests have to name from now on. */
  readonly contract: { readonly id: string; readonly version: number; readonly hash: string };
  /** Optional fields that the owner gave under it. */
  readonly optional: readonly string[];
};

/** What an owner hands to a service so that it can ask to connect; used once. */
export type Invite = {
  readonly v: 1;
  readonly vault: string;
  readonly connection: string;
  readonly party: string;
  /** Messaging servers. */
  readonly servers: readonly string[];
  readonly credential: Credential;
  /** The vault's Ed25519 and MLKEM768-X25519 keys, base64url. */
  readonly signing: string;
  readonly encapsulation: string;
  /** The ledger that the vault's statements are about: its id (hex), and the Ed25519 key that signs them now. */
  readonly ledger: { readonly id: string; readonly key: string };
  /** Unix time in milliseconds. */
  readonly expires: number;
};

/** One of the standard's own event types. */
export type WireType = {
  readonly space: 'owner' | 'message';
  readonly delivery: DeliveryClass;
  readonly request: JsonSchema;
  /** How often a party may send it, where it has a bucket of its own. */
  readonly limit?: TypeLimit;
};

const identifier: JsonSchema = { type: 'string', pattern: '^[a-z2-7]{26}$' };
const key32: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' };
const fieldName: JsonSchema = { type: 'string', maxLength: 128, pattern: fieldNamePattern };
const fieldNames: JsonSchema = {
  type: 'array',
  maxItems: 200,
  uniqueItems: true,
  items: fieldName,
};
const someFieldNames: JsonSchema = { ...fieldNames, minItems: 1 };
const duration: JsonSchema = { type: 'string', pattern: durationPattern };
const hash: JsonSchema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const requestKey: JsonSchema = { type: 'string', pattern: '^[a-z2-7]{26}/[0-9a-f-]{36}$' };
const nothing: JsonSchema = objectSchema({});
/** Where a page begins, as the one before said; the first, where it is left out. */
const pageSchema: JsonSchema = objectSchema({ from: { type: 'string', maxLength: 128 } }, ['from']);

const owner = (request: JsonSchema): WireType => ({
  space: 'owner',
  delivery: 'best-effort',
  request,
});

/** Length of a field's value, at most, in UTF-16 units. */
export const fieldValueMax = 65_536;

/** The standard's own event types, by name. */
export const wireTypes: Readonly<Record<string, WireType>> = {
  'connection.request': {
    space: 'message',
    delivery: 'critical',
    request: objectSchema(
      {
        signing: key32,
        encapsulation: { type: 'string', pattern: '^[A-Za-z0-9_-]{1622}$' },
        contract: signedContractSchema,
        account: accountProofSchema,
        peer: peerOfferSchema,
        agent: agentOfferSchema,
      },
      ['account', 'contract', 'peer', 'agent'],
    ),
  },
  'connection.keys': {
    space: 'message',
    delivery: 'best-effort',
    request: knownKeyIdsSchema,
  },
  'connection.servers': { space: 'message', delivery: 'best-effort', request: movedSchema },
  'connection.rekey': { space: 'message', delivery: 'critical', request: rekeySchema },
  'contract.update': {
    space: 'message',
    delivery: 'critical',
    request: objectSchema({ contract: signedContractSchema }),
    limit: { counted: 'updates', perHour: 4, burst: 4 },
  },
  'agent.grant': { space: 'message', delivery: 'best-effort', request: nothing },
  'peer.shares': { space: 'message', delivery: 'best-effort', request: nothing },
  'credential.renew': { space: 'message', delivery: 'best-effort', request: nothing },
  'owner.pending': owner(pageSchema),
  'owner.connections': owner(pageSchema),
  'owner.fields': owner(nothing),
  'owner.set': owner(
    objectSchema({ field: fieldName, value: { type: 'string', maxLength: fieldValueMax } }),
  ),
  'owner.invite': owner(inviteSchema),
  'owner.agent': owner(agentCommandSchema),
  'owner.connect': owner(connectSchema),
  'owner.share': owner(shareSchema),
  'owner.ask': owner(askSchema),
  'owner.accept': owner(objectSchema({ connection: identifier, optional: fieldNames })),
  'owner.decline': owner(objectSchema({ connection: identifier })),
  'owner.sever': owner(objectSchema({ connection: identifier })),
  'owner.contract.show': owner(
    objectSchema({
      connection: identifier,
      from: { type: 'integer', minimum: 0, maximum: 10_000 },
    }),
  ),
  'owner.contract.accept': owner(
    objectSchema({ connection: identifier, hash, optional: fieldNames }),
  ),
  'owner.contract.reject': owner(objectSchema({ connection: identifier, hash })),
  'owner.forget': owner(
    objectSchema({
      kind: { enum: ['connection', 'field', 'namespace', 'entries'] },
      name: { type: 'string', minLength: 1, maxLength: 128 },
    }),
  ),
  'owner.rotate': owner(objectSchema({ purpose: { enum: handoverPurposes } })),
  'owner.keys': owner(knownKeyIdsSchema),
  'owner.profile': owner(
    objectSchema({ name: { type: 'string', maxLength: profileNameMax } }, ['name']),
  ),
  'owner.servers': owner(objectSchema({ servers: namedServersSchema }, ['servers'])),
  'owner.checkpoint': owner(
    objectSchema(
      {
        kept: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        cosigned: { type: 'string', maxLength: 16_384 },
        record: { type: 'boolean' },
      },
      ['cosigned', 'record'],
    ),
  ),
  'owner.approve': owner(
    objectSchema({ request: requestKey, hash, fields: fieldNames, remember: duration }, [
      'fields',
      'remember',
    ]),
  ),
  'owner.deny': owner(objectSchema({ request: requestKey, hash })),
  'owner.devices': owner(nothing),
  'owner.pair': owner(
    objectSchema({
      name: { type: 'string', minLength: 1, maxLength: 128, pattern: linePattern },
      signing: key32,
      encapsulation: { type: 'string', pattern: '^[A-Za-z0-9_-]{1622}$' },
    }),
  ),
  'owner.unpair': owner(objectSchema({ connection: identifier })),
  'owner.notifications': owner(
    objectSchema({
      from: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      count: { type: 'integer', minimum: 1, maximum: 200 },
    }),
  ),
  'owner.grant': owner(objectSchema({ connection: identifier, fields: someFieldNames })),
  'owner.rules': owner(nothing),
  'owner.rules.revoke': owner(
    objectSchema({ rule: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } }),
  ),
  'owner.audit': owner(
    objectSchema({
      from: { type: 'integer', minimum: 0 },
      count: { type: 'integer', minimum: 1, maximum: 1000 },
    }),
  ),
};
