import type { CredentialGranted } from '../wire/messages.ts';
import { claimsOf, renewalTime } from './credentials.ts';
import type { VineLink } from './vine-link.ts';

const timerMaxMs = 2 ** 31 - 1;
const retryMaxMs = 10 * 60_000;
const retryMinMs = 250;

/**
 * Keeps a link's credential from running out: asks for the next one two thirds into its life, and
 * again until it has one. Keeps no process alive.
 * @param ask - asks one of the link's vaults; `undefined` where none gives one now
 * @returns ends it
 */
export function keepRenewed(
  link: VineLink,
  ask: () => Promise<CredentialGranted | undefined>,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const plan = (waitMs: number): void => {
    if (!ended) timer = setTimeout(() => void run(), Math.min(waitMs, timerMaxMs)).unref();
  };
  const run = async (): Promise<void> => {
    const early = renewalTime(link.granted) - Date.now();
    if (early > 0) return plan(early);
    const granted = await ask().catch(() => undefined);
    const adopted = granted !== undefined && (await link.adopt(granted));
    plan(adopted ? 0 : retryMs(link.granted));
  };
  plan(0);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

function retryMs({ credential, expires }: CredentialGranted): number {
  const life = expires - (claimsOf(credential)?.issued ?? expires);
  return Math.min(retryMaxMs, Math.max(retryMinMs, life / 50));
}
