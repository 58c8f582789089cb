import { keptAnswerAcks, keptAnswersStream, nextKeptAnswer } from '../../../wire/kept-answers.ts';
import { fromService, fromVault } from '../../../wire/subjects.ts';
import type { UserPermissions } from './claims.ts';
import {
  answerKeeperInbox,
  checkedParty,
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

/** How far a party has come: it may ask for a connection, or it has one. */
export type PartyScope = 'handshake' | 'connected';

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
 * An outside party: a stranger may knock, a connected one may send every type as itself. Both read the
 * answers that were kept for them, by a consumer that is there already.
 */
export function partyPermissions(vault: string, party: string, scope: PartyScope): UserPermissions {
  checkedVault(vault);
  checkedParty(party);
  const types = scope === 'connected' ? '>' : 'connection.request';
  return {
    publish: [fromService(vault, party, types), nextKeptAnswer(party), keptAnswerAcks(party)],
    subscribe: [fromVault(vault, party, '>'), `${partyInbox(party)}.>`],
  };
}
