import { agentGrantSchema } from './agent-grant.ts';
import { fieldNamePattern, linePattern } from './contract.ts';
import { objectSchema } from './json-schema.ts';
import type { JsonSchema } from './manifest.ts';

/* What two vaults say to each other as peers, and what their owners say about it: docs/spec/peers.md. */

/** Type of the notification that the sender shares something else with a peer from now on. */
export const peerSharedType = 'peer.shared';
/** Type of the notification that a peer has answered at last. */
export const peerAnsweredType = 'peer.answered';

/** Event types that an owner may let a peer send, besides requests for fields. */
export const sharedTypes: readonly string[] = ['message.send'];

/** What a vault says of itself that wants to be a peer. */
export type PeerOffer = {
  readonly name: string;
  /** Text of an invite by which it is reached itself; absent where the other has it already. */
  readonly invite?: string;
};

const peerName: JsonSchema = { type: 'string', minLength: 1, maxLength: 128 };
const claimedName: JsonSchema = { type: 'string', maxLength: 128, pattern: linePattern };
const inviteText: JsonSchema = { type: 'string', minLength: 1, maxLength: 16_384 };
const connection: JsonSchema = { type: 'string', pattern: '^[a-z2-7]{26}$' };
const fieldNames: JsonSchema = {
  type: 'array',
  maxItems: 200,
  uniqueItems: true,
  items: { type: 'string', maxLength: 128, pattern: fieldNamePattern },
};

/** Part of `connection.request` of a vault. */
export const peerOfferSchema: JsonSchema = objectSchema({ name: claimedName, invite: inviteText }, [
  'invite',
]);
/** Payload of `owner.invite`. */
export const inviteSchema: JsonSchema = objectSchema(
  { label: peerName, peer: { type: 'boolean' }, agent: agentGrantSchema },
  ['peer', 'agent'],
);
/** Payload of `owner.connect`. */
export const connectSchema: JsonSchema = objectSchema({ label: peerName, invite: inviteText });
/** Payload of `owner.share`. */
export const shareSchema: JsonSchema = objectSchema({
  connection,
  fields: fieldNames,
  consent: fieldNames,
  types: { type: 'array', uniqueItems: true, items: { enum: sharedTypes } },
});
/** Payload of `owner.ask`. */
export const askSchema: JsonSchema = objectSchema({
  connection,
  type: { type: 'string', maxLength: 64, pattern: '^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*){0,4}$' },
  payload: { type: 'object' },
});
