import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from './errors.ts';

/** Pauses between one try and the next, in milliseconds: a vault that is opened again is there by then. */
const pausesMs: readonly number[] = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000];

/**
 * Asks again, later and later, while nothing answers: the question or its answer may have been lost. Resolves when there was
 * an answer, when there will be none, or when it has asked eight times.
 * @param signal - ends the pause, and with it the asking
 */
export async function againLater(ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (const pauseMs of [...pausesMs, undefined]) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'NO_ANSWER') return;
    }
    if (pauseMs === undefined || signal.aborted) return;
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
  }
}
