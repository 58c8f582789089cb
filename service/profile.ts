import { connect } from '@nats-io/transport-node';
import { profileGetType, profileShownType } from '../wire/messages.ts';
import { nkeyProof } from '../wire/nkey.ts';
import { type KnownVault, type Profile, profileAgeMaxMs, readProfile } from '../wire/profile.ts';
import { fromService, fromVault, partyInbox } from '../wire/subjects.ts';
import type { VaultAddress } from './client-options.ts';
import { ServiceError } from './errors.ts';

/** Whose profile, what is known of it, and how its vault is reached: with an invite's credential, or a connection's. */
export type ProfilePlace = KnownVault & {
  readonly party: string;
  readonly servers: readonly string[];
  readonly credential: { readonly jwt: string; readonly seed: string };
};

/** Where a connection asks for the profile of its vault. */
export function profilePlace({ servers, credential, identity }: VaultAddress): ProfilePlace {
  const { vault, party, vaultSigning: signing } = identity;
  return { vault, party, servers, credential, signing };
}

const againMs = 1_500;

/**
 * A vault's profile: its name, its keys and what it serves, signed with the key that is known. What comes and is not
 * signed so, or was signed long before we asked or before the last one that is known, is passed over.
 * @throws ServiceError NOT_CONNECTED, NO_ANSWER
 */
export async function fetchProfile(place: ProfilePlace, timeoutMs: number): Promise<Profile> {
  const { vault, party, servers, credential, signing } = place;
  const since = Math.max(place.since ?? 0, Date.now() - profileAgeMaxMs);
  const nc = await connect({
    servers: [...servers],
    noRandomize: true,
    inboxPrefix: partyInbox(party),
    authenticator: (nonce) => ({
      jwt: credential.jwt,
      ...nkeyProof(credential.seed, nonce),
    }),
    reconnect: false,
  }).catch((error: unknown) => {
    throw new ServiceError('NOT_CONNECTED', 'the messaging layer cannot be reached', error);
  });
  const ask = (): void => nc.publish(fromService(vault, party, profileGetType));
  const again = setInterval(ask, againMs);
  try {
    return await new Promise<Profile>((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new ServiceError('NO_ANSWER', `no profile within ${timeoutMs} ms`));
      }, timeoutMs);
      nc.subscribe(fromVault(vault, party, profileShownType), {
        callback: (_, { data }) => {
          const profile = readProfile(new Uint8Array(data), { vault, signing, since });
          if (!profile.ok) return;
          clearTimeout(late);
          resolve(profile.value);
        },
      });
      ask();
    });
  } finally {
    clearInterval(again);
    await nc.close();
  }
}
