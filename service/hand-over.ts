import type { NatsConnection } from '@nats-io/transport-node';
import { ServiceError } from './errors.ts';
import type { SealedEvent } from './session.ts';

/** As many events as may wait for the vault do already. */
const codeFull = 10_077;

/**
 * Hands a critical event to the messaging layer; when this resolves it is durable there.
 * @throws ServiceError NOT_ACCEPTED; FULL, when the vault must take some of those that wait first
 */
export async function handOver(
  nc: NatsConnection,
  sealed: SealedEvent,
  timeoutMs: number,
): Promise<void> {
  const reply = await nc
    .request(sealed.subject, sealed.bytes, { timeout: timeoutMs })
    .catch((error: unknown) => {
      throw new ServiceError('NOT_ACCEPTED', 'the event was not taken', error);
    });
  const ack = reply.json<{ error?: { description?: string; err_code?: number }; seq?: number }>();
  if (ack.error?.err_code === codeFull)
    throw new ServiceError('FULL', 'too many events of this type wait for the vault already');
  if (ack.error !== undefined || ack.seq === undefined)
    throw new ServiceError('NOT_ACCEPTED', ack.error?.description ?? 'the event was not taken');
}
