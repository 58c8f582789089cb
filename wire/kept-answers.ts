import { isIdentifier, isParty } from './identifiers.ts';

/*
 * How a party reads answers that were kept for it (docs/spec/delivery.md): two subjects of JetStream, those of the one
 * consumer that the vine has made for it. It may use no others: who may create a consumer can read what is kept for everybody.
 */

/** The stream in which a vine keeps answers to critical events, those of all its vaults. */
export const keptAnswersStream = 'OUT';

/** Where `party` asks for the next of its answers; its consumer has its name. */
export function nextKeptAnswer(party: string): string {
  return `$JS.API.CONSUMER.MSG.NEXT.${keptAnswersStream}.${checkedParty(party)}`;
}

/** Where `party` acknowledges them: each came with a reply subject of this form. */
export function keptAnswerAcks(party: string): string {
  return `$JS.ACK.${keptAnswersStream}.${checkedParty(party)}.>`;
}

/** Inbox below the party's own in which `reader` (RFC 4648 base32, like a vault's id) takes what it pulls. */
export function keptAnswersInbox(party: string, reader: string): string {
  if (!isIdentifier(reader)) throw new RangeError('not the name of a reader');
  return `_INBOX.${checkedParty(party)}.kept.${reader}`;
}

function checkedParty(party: string): string {
  if (!isParty(party)) throw new RangeError(`not a party: ${JSON.stringify(party)}`);
  return party;
}
