import { keptAnswerAcks, keptAnswersStream, nextKeptAnswer } from '../../../wire/kept-answers.ts';
import type { UserPermissions } from './claims.ts';
import {
  answerKeeperInbox,
  checkedParty,
  checkedReach,
  checkedVault,
  inboundConsumerName,
  inboundStream,
  ownerAppInbox,
  partyInbox,
  sysInbox,
  vaultInbox,
} from './vine-names.ts';

/*
 * Allow-lists. Outside the vault nothing under `$JS.` or `$SYS.` but the two subjects of a party's own ready-made consumer: who
 * may create one can have the server deliver everybody's messages to a subject of their choice.
 */

/** What a party's credential is for: to ask for a connection, to use one, or to ask for another credential. */
export type PartyScope = 'handshake' | 'connected' | 'renewal';

const typesOf: Readonly<Record<PartyScope, readonly [string, ...string[]]>> = {
  handshake: ['connection.request', 'profile.get'],
  connected: ['>'],
  renewal: ['credential.renew'],
};

/** The owner's app: its vault's OwnerSpace. */
export function ownerAppPermissions(vault: string): UserPermissions {
  checkedVault(vault);
  return {
    publish: [`OwnerSpace.${vault}.forVault.>`],
    subscribe: [`OwnerSpace.${vault}.forApp.>`, `${ownerAppInbox(vault)}.>`],
  };
}

/** The vault among its owner's devices. It answers into the app's inbox and into no other. */
export function vaultOwnerSidePermissions(vault: string): UserPermissions {
  checkedVault(vault);
  return {
    publish: [`OwnerSpace.${vault}.forApp.>`, `${ownerAppInbox(vault)}.>`],
    subscribe: [`OwnerSpace.${vault}.forVault.>`, `${vaultInbox(vault)}.>`],
  };
}

/**
 * The vault among its parties, with its own stream and that stream's one consumer.
 *
 * Who creates a stream chooses its subjects and sources, and so can read all of MESSAGE: on a vine
 * that several vaults share, a vault must not hold the `STREAM.CREATE` and `STREAM.UPDATE` of this list.
 */
export function vaultMessageSidePermissions(vault: string): UserPermissions {
  const stream = inboundStream(vault);
  const consumer = `${stream}.${inboundConsumerName}`;
  return {
    publish: [
      `MessageSpace.*.fromVault.${vault}.>`,
      `$JS.API.STREAM.CREATE.${stream}`,
      `$JS.API.STREAM.UPDATE.${stream}`,
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.CONSUMER.CREATE.${consumer}`,
      `$JS.API.CONSUMER.DELETE.${consumer}`,
      `$JS.API.CONSUMER.INFO.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
      `$JS.ACK.${consumer}.>`,
    ],
    subscribe: [`MessageSpace.${vault}.fromService.>`, `${vaultInbox(vault)}.>`],
  };
}

/**
 * Whoever keeps answers for the parties of a vine: makes the stream, and each party's consumer, and drops what a
 * severed party has waiting. It could read everybody's answers (sealed): no vault holds this where a vine is shared.
 */
export function answerKeeperPermissions(): UserPermissions {
  const stream = keptAnswersStream;
  return {
    publish: [
      `$JS.API.STREAM.CREATE.${stream}`,
      `$JS.API.STREAM.UPDATE.${stream}`,
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.PURGE.${stream}`,
      `$JS.API.CONSUMER.CREATE.${stream}.>`,
      `$JS.API.CONSUMER.INFO.${stream}.*`,
    ],
    subscribe: [`${answerKeeperInbox}.>`],
  };
}

/** Whoever brings accounts to the server: may push and read their tokens. */
export function sysPermissions(): UserPermissions {
  return {
    publish: ['$SYS.REQ.CLAIMS.UPDATE', '$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP'],
    subscribe: [`${sysInbox}.>`],
  };
}

/**
 * An outside party: it sends as itself, and takes what is sent to it. The answers that were kept for it it reads by a
 * consumer that is there already; who can only ask for another credential reads none.
 * @param vault - the one that it may reach, or `everyVault` of those that take it in
 */
export function partyPermissions(vault: string, party: string, scope: PartyScope): UserPermissions {
  checkedReach(vault);
  checkedParty(party);
  const to = (type: string): string => `MessageSpace.${vault}.fromService.${party}.${type}`;
  const [first, ...others] = typesOf[scope];
  const kept = scope === 'renewal' ? [] : [nextKeptAnswer(party), keptAnswerAcks(party)];
  return {
    publish: [to(first), ...others.map(to), ...kept],
    subscribe: [`MessageSpace.${party}.fromVault.${vault}.>`, `${partyInbox(party)}.>`],
  };
}
