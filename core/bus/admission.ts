import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Admission, WayIn } from '../manager/ports.ts';
import { dropAnswers, ensureAnswerConsumer } from './vine/answer-stream.ts';
import { partyCredential } from './vine/credentials.ts';
import { pushAccount, revokeParty } from './vine/party-accounts.ts';
import { createPartyAccount, type VineKeys } from './vine/vine-keys.ts';
import { everyVault } from './vine/vine-names.ts';

/** How long a party's credential lasts unless it is said otherwise: 30 days. */
const credentialLastsMs = 30 * 24 * 60 * 60 * 1000;

/** What an admission needs to know besides the vine and its keys. */
export type AdmissionOptions = {
  readonly vault: string;
  readonly servers: readonly string[];
  readonly credentialMs?: number | undefined;
};

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
  { vault, servers, credentialMs = credentialLastsMs }: AdmissionOptions,
): Admission {
  const reach = ({ party, shared }: WayIn) => ({ party, vault: shared ? everyVault : vault });
  /** Revocations that the server has: asking for one again is nothing new. */
  const revoked = new Set<string>();
  return {
    servers,
    credentialMs,
    invite: async (expiresAt) => {
      const { party } = createPartyAccount();
      await pushAccount(sys, keys, { party, vault });
      await ensureAnswerConsumer(answers, party);
      const options = { vault, party, scope: 'handshake', expiresAt } as const;
      return { party, credential: await partyCredential(keys, options) };
    },
    accept: async (way, { expires, renewalExpires }) => {
      const options = reach(way);
      await pushAccount(sys, keys, options);
      await ensureAnswerConsumer(answers, way.party);
      const at = Date.now();
      const [credential, renewal] = await Promise.all([
        partyCredential(keys, { ...options, scope: 'connected', expiresAt: expires }),
        partyCredential(keys, { ...options, scope: 'renewal', expiresAt: renewalExpires }),
      ]);
      return { credential, renewal, at };
    },
    revoke: async (way, before) => {
      const key = `${way.party} ${before ?? ''}`;
      if (before !== undefined && revoked.has(key)) return;
      // Whole seconds: what was issued in the second of `before` is not from before it.
      const until = before === undefined ? {} : { before: before - 1_000 };
      await revokeParty(sys, keys, { ...reach(way), ...until });
      if (before !== undefined) revoked.add(key);
    },
    forget: ({ party }) => dropAnswers(answers, { vault, party }),
  };
}
