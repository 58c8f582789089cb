import { decodeEvent } from '../wire/event.ts';
import type { Draft, ReceivedEvent } from './bodies.ts';
import { LedgerError } from './errors.ts';
import type { Kind } from './kinds.ts';

/*
 * A received event is stored once, as the exact bytes that were signed; what they say is read from
 * them again when the record is opened. Only an event whose bytes hold a field's value is stored
 * as a map, without that value.
 */

/** The body as it is sealed. */
export function storedBody(draft: Draft): unknown {
  if (draft.kind !== 'received' || draft.body.signed === undefined) return draft.body;
  const { event: _, ...stored } = draft.body;
  return stored;
}

/**
 * The body as the projections see it.
 * @throws LedgerError BODY_MALFORMED
 */
export function openedBody(kind: Kind, body: unknown, index: number): unknown {
  if (kind !== 'received') return body;
  const stored = body as ReceivedEvent;
  if (stored.signed === undefined || stored.failure !== undefined) return stored;
  const event = decodeEvent(stored.signed);
  if (!event.ok) throw new LedgerError('BODY_MALFORMED', `event: ${event.detail}`, { index });
  return { ...stored, event: event.value };
}
