import type { NatsConnection } from '@nats-io/transport-node';
import type { DeviceAccess } from '../manager/ports.ts';
import { closedTerms } from './vine/account-layout.ts';
import { accountJwt } from './vine/claims.ts';
import { ownerAppCredential } from './vine/credentials.ts';
import { pushToken } from './vine/party-accounts.ts';
import { publicKey, type VineKeys } from './vine/vine-keys.ts';

/**
 * Access of the owner's devices to a vine whose keys the vault itself holds. All of them are users of one account,
 * each with a key of its own; the account's token lists those that are removed.
 * @param sys - connected with `sysCredential`
 */
export function vineDeviceAccess(sys: NatsConnection, keys: VineKeys, vault: string): DeviceAccess {
  return {
    issue: async () => {
      const credential = await ownerAppCredential(keys, { vault });
      return { credential, user: publicKey(credential.seed) };
    },
    revoke: async (users) => {
      const account = publicKey(keys.owner);
      const named = { name: 'OWNER', key: account };
      const standing = { revokedUsers: users };
      await pushToken(
        sys,
        account,
        await accountJwt(keys.operator, named, closedTerms(), standing),
      );
    },
  };
}
