import { keptAnswerExports, keptAnswerImports } from './answer-sharing.ts';
import type { AccountTerms } from './claims.ts';
import { checkedParty, checkedReach, everyVault } from './vine-names.ts';

/*
 * Four kinds of account. What is not exported by one and imported by another does not exist there,
 * whatever a user's permissions say:
 *
 *   SYS      takes account tokens
 *   OWNER    OwnerSpace.>    the vault and its owner's app
 *   MESSAGE  MessageSpace.>  the vault; the only one with JetStream
 *   a party  sees two slices of MESSAGE, those that hold its own public key: for one vault, or for
 *            every vault that takes it in
 *
 * OWNER is apart because a request makes JetStream publish its answer to a subject of the sender's choice. Across an
 * account boundary such an answer lands in the sender's own account; inside one it could land in OwnerSpace.
 */

/** Largest message that the vine takes, in bytes. */
export const maxPayloadBytes = 1_048_576;

/** Connections and subscriptions of one party, all its users together. */
const partyConnections = 32;
const partySubscriptions = 256;
/** Of a party that has many vaults: one subscription each, so that it hears no vault that it does not know. */
const sharedSubscriptions = 65_536;

const noLimit = -1;

const noJetStream = { mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 } as const;

// An absent limit is read as zero, so every one is named. No leaf nodes, no bearer tokens: a stolen token alone connects
// nobody.
const closed = {
  subs: noLimit,
  data: noLimit,
  payload: maxPayloadBytes,
  conn: noLimit,
  leaf: 0,
  imports: 0,
  exports: 0,
  wildcards: false,
  disallow_bearer: true,
  ...noJetStream,
} as const;

/** Terms of the SYS and OWNER accounts: nothing goes in or out. */
export function closedTerms(): AccountTerms {
  return { limits: { ...closed } };
}

/**
 * Terms of the MESSAGE account. An importing account must stand, as its public key, at the
 * marked place of the subject: a party can ask only as itself, and read only what is sent to it.
 */
export function messageTerms(): AccountTerms {
  return {
    limits: {
      ...closed,
      exports: 4,
      wildcards: true,
      disk_storage: noLimit,
      streams: noLimit,
      consumer: noLimit,
    },
    exports: [
      {
        name: 'fromService',
        subject: 'MessageSpace.*.fromService.*.>',
        type: 'service',
        response_type: 'Singleton',
        account_token_position: 4,
      },
      {
        name: 'fromVault',
        subject: 'MessageSpace.*.fromVault.*.>',
        type: 'stream',
        account_token_position: 2,
      },
      ...keptAnswerExports,
    ],
  };
}

/**
 * Terms of a party's account: two imports however many vaults it reaches, no JetStream, a few
 * connections. What reaches a vault is for the vault to say: it listens to those that it took in.
 * @param vault - the one to talk to, or `everyVault`
 * @param issuer - public key of the signing key for its users
 * @param message - public key of the MESSAGE account
 */
export function partyTerms(
  { vault, party }: { readonly vault: string; readonly party: string },
  { issuer, message }: { readonly issuer: string; readonly message: string },
): AccountTerms {
  checkedReach(vault);
  checkedParty(party);
  const subs = vault === everyVault ? sharedSubscriptions : partySubscriptions;
  return {
    limits: { ...closed, imports: 4, conn: partyConnections, subs },
    imports: [
      {
        name: 'fromService',
        subject: `MessageSpace.${vault}.fromService.${party}.>`,
        type: 'service',
        account: message,
      },
      {
        name: 'fromVault',
        subject: `MessageSpace.${party}.fromVault.${vault}.>`,
        type: 'stream',
        account: message,
      },
      ...keptAnswerImports(party, message),
    ],
    signing_keys: [issuer],
  };
}
