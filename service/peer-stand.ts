import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../wire/event.ts';
import type { CredentialGranted } from '../wire/messages.ts';
import { sameServers } from '../wire/servers.ts';
import type { LateAnswer } from './heard-answers.ts';
import { KeptAnswers } from './kept-answers.ts';
import { keepRenewed } from './renewals.ts';
import type { PeerIdentity } from './session.ts';
import { VaultClient } from './vault-client.ts';
import { type KeptVaultKeys, keptVaultKeys } from './vault-keys.ts';
import { handedOver, type VineLink } from './vine-link.ts';

const moveAgainMs = 1_000;
const moveAgainMaxMs = 60_000;

/** What a line has to do with where it stands. */
export type StandHooks = {
  /** Is given what ends it. */
  readonly closable: (close: () => void) => void;
  /** Is given whom to ask from now on. */
  readonly opened: (client: VaultClient) => void;
  /** Nothing more is asked here. */
  readonly over: () => void;
  /** Resolves when all that was asked so far is answered, or refused. */
  readonly settled: () => Promise<void>;
  readonly late: (late: LateAnswer) => Promise<void>;
  readonly heard: (event: Event) => void;
  /** Keeps the peer's keys. */
  readonly rekeyed: (keys: KeptVaultKeys) => Promise<void>;
  /** Keeps where the peer is reached. */
  readonly moved: (servers: readonly string[]) => Promise<void>;
  readonly renew: (client: VaultClient) => Promise<CredentialGranted | undefined>;
  /** Where the peer is reached now. */
  readonly servers: () => readonly string[];
  /** Opens a link to there. */
  readonly elsewhere: () => Promise<VineLink>;
};

/**
 * Talks to a peer over a link until that is closed, or until the peer is reached elsewhere and another link stands
 * there: what is asked by then is still answered here, and what is asked meanwhile waits for the next.
 * @returns the link to go on with; `undefined` where there is none
 */
export async function standOver(
  link: VineLink,
  identity: PeerIdentity,
  hooks: StandHooks,
): Promise<VineLink | undefined> {
  let wake = (): void => {};
  let told = (): void => {};
  const telling = (tell: () => void): void => {
    told = tell;
  };
  let next: VineLink | undefined;
  hooks.closable(() => {
    void link.close();
    void next?.close();
  });
  const client = await VaultClient.over(link.nc, identity, {
    wake: () => wake(),
    onAnswer: (late) => hooks.late(late),
  });
  client.onEvent = (event) => hooks.heard(event);
  client.onIdentity = (known) => hooks.rekeyed(keptVaultKeys(known));
  client.onServers = async (servers) => {
    await hooks.moved(servers);
    told();
  };
  const kept = KeptAnswers.start(link.nc, link.address.party, {
    take: (message) => client.takeKept(message),
    interested: () => client.wantsKept,
  });
  wake = () => kept.wake();
  const renewals = keepRenewed(link, () => hooks.renew(client));
  hooks.opened(client);
  try {
    if (link.isOver) await renewals.now();
    const closed = link.nc.closed().then(() => undefined);
    next = await Promise.race([closed, linkElsewhere(link, hooks, telling)]);
  } finally {
    hooks.over();
    renewals.end();
    if (next !== undefined) {
      await hooks.settled();
      await client.closeWhenIdle();
    }
    await kept.stop();
    await client.close();
    if (next !== undefined) await handedOver(link.nc);
    await link.close();
  }
  return next;
}

/** Resolves with a link to where the peer has moved, as soon as one stands; with none when this one is closed first. */
async function linkElsewhere(
  link: VineLink,
  { servers, elsewhere }: StandHooks,
  telling: (tell: () => void) => void,
): Promise<VineLink | undefined> {
  let pauseMs = moveAgainMs;
  while (!link.nc.isClosed()) {
    if (sameServers(servers(), link.address.servers)) {
      await new Promise<void>(telling);
      continue;
    }
    const next = await elsewhere().catch(() => undefined);
    if (next !== undefined && !link.nc.isClosed()) return next;
    await next?.close();
    await sleep(pauseMs, undefined, { ref: false });
    pauseMs = Math.min(pauseMs * 2, moveAgainMaxMs);
  }
  return undefined;
}
