/* Waiting for what takes an unknown time on a busy machine. */
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 25;

/**
 * Asks again and again until the answer is neither `undefined` nor `false`, and gives it.
 * @param why - told when time is up
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs: number,
  why: () => string = () => '',
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${what}\n${why()}`);
    await sleep(pollMs);
  }
}
