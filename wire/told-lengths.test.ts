/* What an onlooker learns from the length of an envelope: which of many contents it may be. */
import { describe, expect, it } from 'vitest';
import { type Epoch, sealEnvelope } from './envelope.ts';
import { encodeEvent } from './event.ts';
import { eventId, identifierFrom } from './identifiers.ts';
import { type Answer, answerType } from './messages.ts';
import type { MsgpackValue } from './msgpack.ts';

const vault = identifierFrom(new Uint8Array(16).fill(1));
const connection = identifierFrom(new Uint8Array(16).fill(2));
const subject = `MessageSpace.A${'B'.repeat(55)}.fromVault.${vault}.event.answer`;
const epoch: Epoch = {
  number: 1,
  key: new Uint8Array(32).fill(3),
  encapsulationHash: new Uint8Array(32),
};
const time = Date.UTC(2026, 10, 1);
const id = eventId(time, new Uint8Array(10).fill(4));
const cause = eventId(time, new Uint8Array(10).fill(5));
const statement = {
  leaf: 'A'.repeat(43),
  time,
  key: 'B'.repeat(22),
  signature: 'C'.repeat(86),
  contract: 'd'.repeat(64),
};

/** Bytes of the envelope around an answer. */
function lengthOf(answer: Answer): number {
  const payload = { ...answer, statement } as unknown as MsgpackValue;
  const event = encodeEvent({ id, type: answerType, time, party: vault, cause, payload });
  const contents = { event, seen: 1 };
  const nonce = new Uint8Array(24);
  return sealEnvelope({ connection, epoch, subject, eventId: id, nonce, contents }).length;
}

function served(value: string): number {
  const result = { fields: { 'personal/phone_number': value }, refused: [] };
  return lengthOf({ status: 'served', type: 'data.request', result });
}

/** How many values in a row, from none to `most` characters, have an envelope of one length. */
function runs(most: number): number[] {
  const counts = new Map<number, number>();
  for (let length = 0; length <= most; length++) {
    const told = served('x'.repeat(length));
    counts.set(told, (counts.get(told) ?? 0) + 1);
  }
  return [...counts.values()];
}

describe('the length of an envelope', () => {
  it('is the same for values of lengths that lie together, and the more so the longer they are', () => {
    // Values of up to 4,096 characters fall into so many lengths that can be told apart.
    const told = runs(4096);
    expect(told).toHaveLength(26);
    // The first and the last are cut off by where the values begin and end.
    const whole = told.slice(1, -1);
    expect(Math.min(...whole)).toBeGreaterThanOrEqual(60);
    expect(Math.max(...whole)).toBe(512);
  });

  it('does not tell a phone number from another, nor a short name from a long one', () => {
    expect(served('+44 20 7946 0018')).toBe(served('+1 202 555 0143'));
    expect(served('Li')).toBe(served('Ada Lovelace'));
  });

  it('tells a value from one of twice its length, once they are longer than a sentence', () => {
    for (const length of [256, 1024, 4096])
      expect(served('x'.repeat(length))).not.toBe(served('x'.repeat(2 * length)));
  });

  it('does not tell an absent field from a denied one, nor which public code a refusal has', () => {
    const refused = (code: 'refused' | 'rate_limited' | 'key_unknown'): number =>
      lengthOf({ status: 'refused', type: 'data.request', code });
    expect(refused('refused')).toBe(refused('rate_limited'));
    expect(refused('refused')).toBe(refused('key_unknown'));
  });

  it('tells a refusal from a value that is longer than it', () => {
    const refused = lengthOf({ status: 'refused', type: 'data.request', code: 'refused' });
    expect(served('x'.repeat(200))).toBeGreaterThan(refused);
  });
});
