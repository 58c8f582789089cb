import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventId } from '../wire/identifiers.ts';
import { newestOf, seenBefore } from './seen-event.ts';
import { type Connection, emptyState, eventKey, type SeenEvent } from './vault-state.ts';

const ids = fc
  .tuple(fc.nat(5), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([time, random]) => eventId(time, random));

test('whatever order ids come in, and whatever id is asked about, the answer is that of the table', () => {
  fc.assert(
    fc.property(fc.array(ids, { maxLength: 20 }), ids, fc.nat(), (before, other, at) => {
      const asked = before.length > 0 && at % 2 === 0 ? before[at % before.length] : other;
      const id = asked ?? other;
      const newest = before.reduce<string | undefined>(newestOf, undefined);
      const connection = { id: 'c', ...(newest === undefined ? {} : { newest }) } as Connection;
      const seen = emptyState.seen.merge(
        before.map((one): [string, SeenEvent] => [eventKey('c', one), { digest: one, time: 1 }]),
      );
      const found = seenBefore({ ...emptyState, seen }, connection, id);
      expect(found?.digest).toBe(before.includes(id) ? id : undefined);
    }),
  );
});

test('a connection of a state that does not know its newest id is looked up', () => {
  const id = eventId(1, new Uint8Array(10));
  const seen = emptyState.seen.set(eventKey('c', id), { digest: 'd', time: 1 });
  expect(seenBefore({ ...emptyState, seen }, { id: 'c' } as Connection, id)?.digest).toBe('d');
});
