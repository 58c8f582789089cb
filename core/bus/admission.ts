import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Admission } from '../manager/ports.ts';
import { dropAnswers, ensureAnswerConsumer } from './vine/answer-stream.ts';
import { partyCredential } from './vine/credentials.ts';
import { pushAccount, revokeParty } from './vine/party-accounts.ts';
import { createPartyAccount, type VineKeys } from './vine/vine-keys.ts';

/** The hands with which parties are let in: who administers accounts, and who keeps answers. */
export type VineHands = {
  /** Connected with `sysCredential`. */
  readonly sys: NatsConnection;
  /** Of a connection with `answerKeeperCredential`. */
  readonly answers: JetStreamManager;
};

/** Admission to a vine whose keys the vault itself holds, as with the embedded one. */
export function vineAdmission(
  { sys, answers }: VineHands,
  keys: VineKeys,
  vault: string,
  servers: readonly string[],
): Admission {
  return {
    servers,
    invite: async (expiresAt) => {
      const { party } = createPartyAccount();
      await pushAccount(sys, keys, { party, vault });
      await ensureAnswerConsumer(answers, party);
      const options = { vault, party, scope: 'handshake', expiresAt } as const;
      return { party, credential: await partyCredential(keys, options) };
    },
    accept: async (party, expiresAt) => {
      await pushAccount(sys, keys, { party, vault });
      await ensureAnswerConsumer(answers, party);
      return partyCredential(keys, { vault, party, scope: 'connected', expiresAt });
    },
    revoke: async (party) => {
      await revokeParty(sys, keys, { party, vault });
      await dropAnswers(answers, { vault, party });
    },
  };
}
