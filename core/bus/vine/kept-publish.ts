import type { NatsConnection } from '@nats-io/transport-node';
import type { Kept } from '../../manager/answer-keeper.ts';

const answerWaitMs = 5_000;
/** The subject has as many messages as it may have. */
const codeFull = 10_077;

/**
 * Publishes to a subject that a stream keeps, and waits for the word that it is on the disk. Whoever
 * listens to the subject hears it at once, kept or not.
 */
export async function keepAnswer(
  nc: NatsConnection,
  subject: string,
  bytes: Uint8Array,
): Promise<Kept> {
  try {
    const reply = await nc.request(subject, bytes, { timeout: answerWaitMs });
    const { seq, error } = reply.json<{ seq?: number; error?: { err_code?: number } }>();
    if (error === undefined && seq !== undefined) return 'kept';
    return error?.err_code === codeFull ? 'full' : 'away';
  } catch {
    return 'away';
  }
}
