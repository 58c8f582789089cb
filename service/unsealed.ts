import { EventError } from '../wire/event.ts';
import { ServiceError } from './errors.ts';

/**
 * What a caller is told when an event was not sealed.
 * @throws ServiceError TOO_LARGE; whatever else it was, as it is
 */
export function unsealed(error: unknown): never {
  if (!(error instanceof EventError)) throw error;
  throw new ServiceError('TOO_LARGE', error.message, error);
}
