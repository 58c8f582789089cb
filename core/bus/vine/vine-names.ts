import { isEventType, isIdentifier, isParty } from '../../../wire/identifiers.ts';
import { VineError } from './vine-error.ts';

/** Name of the stream that keeps the critical events for `vault` until it has them. */
export function inboundStream(vault: string): string {
  return `IN_${checkedVault(vault)}`;
}

/** The one consumer of an inbound stream. */
export const inboundConsumerName = 'vault';

/** Inbox prefix of whoever administers accounts. */
export const sysInbox = '_INBOX.sys';

/** Inbox prefix of whoever keeps answers for parties. */
export const answerKeeperInbox = '_INBOX.keeper';

/** Inbox prefix of an outside party. */
export function partyInbox(party: string): string {
  return `_INBOX.${checkedParty(party)}`;
}

/** Inbox prefix of the owner's app. */
export function ownerAppInbox(vault: string): string {
  return `_INBOX.app_${checkedVault(vault)}`;
}

/** Inbox prefix of the vault, on both of its sides. */
export function vaultInbox(vault: string): string {
  return `_INBOX.vault_${checkedVault(vault)}`;
}

/**
 * `vault`, if it may go into a subject.
 * @throws VineError BAD_IDENTIFIER
 */
export function checkedVault(vault: string): string {
  return checked(vault, isIdentifier(vault), 'a vault');
}

/** In a vault's place: every vault that takes the party in. */
export const everyVault = '*';

/**
 * `vault`, if it is one, or every one.
 * @throws VineError BAD_IDENTIFIER
 */
export function checkedReach(vault: string): string {
  return vault === everyVault ? vault : checkedVault(vault);
}

/**
 * `party`, if it is the public key of an account.
 * @throws VineError BAD_IDENTIFIER
 */
export function checkedParty(party: string): string {
  return checked(party, isParty(party), 'a party');
}

/**
 * `type`, if it is an event type.
 * @throws VineError BAD_IDENTIFIER
 */
export function checkedType(type: string): string {
  return checked(type, isEventType(type), 'an event type');
}

function checked(text: string, good: boolean, what: string): string {
  if (!good) throw new VineError('BAD_IDENTIFIER', `not ${what}: ${JSON.stringify(text)}`);
  return text;
}
