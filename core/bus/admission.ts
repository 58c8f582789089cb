import type { NatsConnection } from '@nats-io/transport-node';
import type { Admission } from '../manager/ports.ts';
import { partyCredential } from './vine/credentials.ts';
import { pushAccount, revokeParty } from './vine/party-accounts.ts';
import { createPartyAccount, type VineKeys } from './vine/vine-keys.ts';

/**
 * Admission to a vine whose keys the vault itself holds, as with the embedded one.
 * @param sys - connected with `sysCredential`
 */
export function vineAdmission(
  sys: NatsConnection,
  keys: VineKeys,
  vault: string,
  servers: readonly string[],
): Admission {
  return {
    servers,
    invite: async (expiresAt) => {
      const { party } = createPartyAccount();
      await pushAccount(sys, keys, { party, vault });
      const options = { vault, party, scope: 'handshake', expiresAt } as const;
      return { party, credential: await partyCredential(keys, options) };
    },
    accept: async (party, expiresAt) => {
      await pushAccount(sys, keys, { party, vault });
      return partyCredential(keys, { vault, party, scope: 'connected', expiresAt });
    },
    revoke: (party) => revokeParty(sys, keys, { party, vault }),
  };
}
