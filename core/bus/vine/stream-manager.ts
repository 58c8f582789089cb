import { JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

// A change of subjects costs the server time in the square of their number: of 800 a quarter of a second.
const adminWaitMs = 30_000;

/** Codes with which JetStream says that something is not there. */
export const codeStreamNotFound = 10_059;
export const codeConsumerNotFound = 10_014;

/** JetStream's administration on a connection that may make none of the account-wide calls. */
export function streamManager(nc: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(nc, { checkAPI: false, timeout: adminWaitMs });
}

/**
 * Whether what was asked for is there.
 * @throws what the server answered, where that is neither
 */
export async function exists(answer: Promise<unknown>, codeNotFound: number): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === codeNotFound) return false;
    throw error;
  }
}
