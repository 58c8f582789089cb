import type { CredentialGranted } from '../wire/messages.ts';
import { claimsOf, renewalTime } from './credentials.ts';
import type { VineLink } from './vine-link.ts';

const timerMaxMs = 2 ** 31 - 1;
const retryMaxMs = 10 * 60_000;
const retryMinMs = 250;

/** The renewing of one link. */
export type Renewals = {
  /** Renews now where it is time to. */
  readonly now: () => Promise<void>;
  readonly end: () => void;
};

/**
 * Keeps a link's credential from running out: asks for the next one two thirds into its life, and
 * again until it has one. Keeps no process alive.
 * @param ask - asks one of the link's vaults; `undefined` where none gives one now
 */
export function keepRenewed(
  link: VineLink,
  ask: () => Promise<CredentialGranted | undefined>,
): Renewals {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let ended = false;
  const renew = async (): Promise<void> => {
    if (ended || Date.now() < renewalTime(link.granted)) return;
    const granted = await ask().catch(() => undefined);
    if (granted !== undefined) await link.adopt(granted);
  };
  const now = async (): Promise<void> => {
    running ??= renew().finally(() => {
      running = undefined;
    });
    await running;
  };
  const plan = (waitMs: number): void => {
    timer = setTimeout(() => {
      void now().then(() => ended || plan(nextMs(link.granted)));
    }, waitMs).unref();
  };
  plan(Math.min(timerMaxMs, Math.max(0, renewalTime(link.granted) - Date.now())));
  return {
    now,
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}

/** How long to wait until it is time, or where it is, until the next try. */
function nextMs(granted: CredentialGranted): number {
  const early = renewalTime(granted) - Date.now();
  if (early > 0) return Math.min(timerMaxMs, early);
  const life = granted.expires - (claimsOf(granted.credential)?.issued ?? granted.expires);
  return Math.min(retryMaxMs, Math.max(retryMinMs, life / 50));
}
