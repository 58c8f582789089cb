import type { Contract } from '../wire/contract.ts';
import type { Event } from '../wire/event.ts';
import type { ConnectionAccepted, CredentialGranted } from '../wire/messages.ts';
import type { Profile } from '../wire/profile.ts';
import type { CheckedAnswer } from './checked-answer.ts';
import type { AskOptions } from './client-options.ts';
import { fetchProfile, type ProfilePlace } from './profile.ts';
import { contractRef, type ServiceConnection } from './service-identity.ts';
import type { VaultClient } from './vault-client.ts';

const answerWaitMs = 30_000;

/** How to ask a vault. */
export type RequestOptions = Partial<Omit<AskOptions, 'critical'>> & {
  /** The request takes no effect after this: Unix time in milliseconds. */
  readonly expires?: number;
};

/** A vault that a service is connected to. */
export type Vault = {
  /** Id of the vault, and of the connection to it. */
  readonly id: string;
  readonly connection: string;
  /** Terms that its owner has accepted, or has granted an agent: those of now. And the optional fields that they gave. */
  readonly contract: Contract;
  readonly optional: readonly string[];
  /**
   * Asks for something, and waits for the answer: `served` with a `result`, or `refused` with a
   * `code`. While its owner is asked the answer is `pending`: `onPending` is told, and this waits on, unless
   * `acceptPending` says otherwise.
   * @throws ServiceError NOT_CONNECTED, NOT_ACCEPTED, NO_ANSWER (asked again, it is another request)
   */
  request(type: string, payload: unknown, options?: RequestOptions): Promise<CheckedAnswer>;
  /**
   * What the vault shows of itself: its name, its keys and what it serves. After `profile.changed` there is another.
   * @throws ServiceError NOT_CONNECTED, NO_ANSWER
   */
  profile(timeoutMs?: number): Promise<Profile>;
  /** Is told of every event of the vault that answers nothing. */
  onEvent: (event: Event) => void;
};

/** What a vault's requests go through. */
export type VaultHooks = {
  /** The client of now: the messaging layer may have to be reached anew. */
  readonly client: () => Promise<VaultClient>;
  /** Where its profile is asked for now. */
  readonly place: () => Promise<ProfilePlace>;
  readonly onAnswer: (answer: CheckedAnswer) => void;
  /** The terms of now. */
  readonly terms: () => Contract;
  /** Of an agent: learns what it may do now. Where that is something else, the request is made once more, under that. */
  readonly learn?: () => Promise<void>;
};

/** The vault of an accepted connection. */
export function vaultOf(
  { invite, accepted }: ServiceConnection & { readonly accepted: ConnectionAccepted },
  hooks: VaultHooks,
): Vault {
  const critical = new Set(accepted.critical);
  // No older profile is shown after a newer one.
  let seen = 0;
  const ask: Vault['request'] = async (type, payload, { expires, ...options } = {}) => {
    const client = await hooks.client();
    const limit = expires === undefined ? {} : { expires };
    const event = { type, payload, contract: contractRef(hooks.terms()), ...limit };
    const answer = await client.ask(event, {
      timeoutMs: answerWaitMs,
      ...options,
      critical: critical.has(type),
      onPending: (pending) => {
        hooks.onAnswer(pending);
        options.onPending?.(pending);
      },
    });
    if (answer.status !== 'pending') hooks.onAnswer(answer);
    return answer;
  };
  return {
    id: invite.vault,
    connection: invite.connection,
    get contract() {
      return hooks.terms();
    },
    optional: accepted.optional,
    request: async (type, payload, options) => {
      const { version } = hooks.terms();
      const answer = await ask(type, payload, options);
      if (answer.status !== 'refused' || answer.code !== 'contract_version_mismatch') return answer;
      await hooks.learn?.();
      return hooks.terms().version > version ? ask(type, payload, options) : answer;
    },
    profile: async (timeoutMs = answerWaitMs) => {
      const shown = await fetchProfile({ ...(await hooks.place()), since: seen }, timeoutMs);
      seen = Math.max(seen, shown.time);
      return shown;
    },
    onEvent: () => {},
  };
}

/** Asks a vault for another credential; `undefined` when it refuses. */
export async function renewedBy(
  client: VaultClient,
  timeoutMs = 10_000,
): Promise<CredentialGranted | undefined> {
  const answer = await client.ask({ type: 'credential.renew', payload: {} }, { timeoutMs });
  return answer.status === 'served' ? (answer.result as CredentialGranted) : undefined;
}
