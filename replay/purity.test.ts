import { beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../core/decision/decide.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { identity } from '../ledger/testing/fixtures.ts';
import { evolve } from '../projections/evolve.ts';
import { stateDigest } from '../projections/state-digest.ts';
import { emptyState, type VaultState } from '../projections/vault-state.ts';
import { encodeCanonical } from '../wire/msgpack.ts';
import { history } from './history.ts';
import { collect } from './testing/records.ts';
import { tellStory } from './testing/story.ts';
import { storyKeys } from './testing/story-facts.ts';

describe('decide and evolve are pure', () => {
  let records: LedgerRecord[];
  let states: VaultState[];

  beforeAll(async () => {
    const { story } = await tellStory();
    records = await collect(history(story.store, identity, storyKeys));
    records.forEach(freeze);
    states = [emptyState];
    for (const record of records) states.push(evolve(states.at(-1) ?? emptyState, record));
  });

  it('evolve leaves a frozen state and record as they are, and gives the same again', () => {
    for (const [index, record] of records.entries()) {
      const before = states[index] ?? emptyState;
      freezeState(before);
      const digest = stateDigest(before);
      const bytes = encodeCanonical(record.body);
      const after = evolve(before, record);
      expect(stateDigest(before)).toEqual(digest);
      expect(encodeCanonical(record.body)).toEqual(bytes);
      expect(stateDigest(after)).toEqual(stateDigest(states[index + 1] ?? emptyState));
    }
  });

  it('decide leaves a frozen state and event as they are, and gives the same again', () => {
    for (const record of records) {
      if (record.kind !== 'received') continue;
      const { body, time } = record;
      const state = states[record.index] ?? emptyState;
      freezeState(state);
      const before = { digest: stateDigest(state), bytes: encodeCanonical(body) };
      for (const round of ['first', 'again'] as const) {
        const once = decide(state, body, time, round);
        expect(encodeCanonical(decide(state, body, time, round))).toEqual(encodeCanonical(once));
      }
      expect({ digest: stateDigest(state), bytes: encodeCanonical(body) }).toEqual(before);
    }
  });

  it('evolve takes any record in any state without throwing', () => {
    for (const record of records)
      for (const state of [emptyState, states.at(-1) ?? emptyState])
        expect(() => evolve(state, record)).not.toThrow();
  });
});

/** Freezes plain data; bytes cannot be frozen, so they are compared. */
function freeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return;
  if (Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
}

/** A table keeps caches of its own, so only what stands in it is frozen. */
function freezeState(state: VaultState): void {
  const { connections, parties, fields, requests, seen, outbox, outboxScopes, once } = state;
  const { handlers, keys, ring } = state;
  Object.freeze(state);
  for (const part of [handlers, keys, ring]) freeze(part);
  for (const table of [parties, fields, requests, seen, outbox, outboxScopes, once])
    for (const item of table.values()) freeze(item);
  for (const connection of connections.values()) {
    const { served: _s, receiving: _r, ...plain } = connection;
    freeze(plain);
    Object.freeze(connection);
    for (const epoch of connection.receiving.values()) freeze(epoch);
  }
}
