import { keptAnswerAcks, keptAnswersStream, nextKeptAnswer } from '../../../wire/kept-answers.ts';
import type { AccountTerms } from './claims.ts';

type Exports = NonNullable<AccountTerms['exports']>;
type Imports = NonNullable<AccountTerms['imports']>;

/*
 * What MESSAGE shares of the stream of kept answers: fetching from a consumer, and acknowledging. A consumer has the name
 * of its party, and the server holds the importing account against that place of the subject, so that a party reaches no
 * consumer but its own, whatever its permissions say. Nothing that creates, changes or lists is shared.
 */

/** Exports of the MESSAGE account. */
export const keptAnswerExports: Exports = [
  {
    name: 'keptAnswersNext',
    subject: `$JS.API.CONSUMER.MSG.NEXT.${keptAnswersStream}.*`,
    type: 'service',
    // One request is answered with several messages.
    response_type: 'Stream',
    account_token_position: 7,
  },
  {
    name: 'keptAnswersAck',
    subject: `$JS.ACK.${keptAnswersStream}.*.>`,
    type: 'service',
    response_type: 'Singleton',
    account_token_position: 4,
  },
];

/**
 * Imports of a party's account.
 * @param message - public key of the MESSAGE account
 */
export function keptAnswerImports(party: string, message: string): Imports {
  return [
    {
      name: 'keptAnswersNext',
      subject: nextKeptAnswer(party),
      type: 'service',
      account: message,
    },
    { name: 'keptAnswersAck', subject: keptAnswerAcks(party), type: 'service', account: message },
  ];
}
