import { describe, expect, test } from 'vitest';
import { decodeInvite } from '../cli/invite-text.ts';
import { payloadCheck } from '../core/decision/checks-request.ts';
import type { CheckContext } from '../core/decision/context.ts';
import handshake from '../docs/spec/vectors/handshake.json' with { type: 'json' };
import { checkedAnswer } from '../service/checked-answer.ts';
import { fromBase64url, fromHex, toBase64url, toHex } from '../wire/bytes.ts';
import { type Contract, signContract } from '../wire/contract.ts';
import { signerFrom } from '../wire/crypto.ts';
import { decodeEvent, type Event, encodeEvent } from '../wire/event.ts';
import { encodeInvite } from '../wire/invite.ts';
import { encapsulationKeyFrom } from '../wire/key-encapsulation.ts';
import { type Invite, wireTypes } from '../wire/messages.ts';

/*
 * The vectors of the handshake and of answers. They are data for other implementations: a change of
 * them is a change of the wire.
 */

type Json = Record<string, unknown>;

describe('an invite', () => {
  const { read, refused } = handshake.invites;

  test.each(read)('$name is written and read', ({ text, invite }) => {
    expect(encodeInvite(invite as Invite)).toBe(text);
    expect(decodeInvite(`  ${text}\n`)).toStrictEqual(invite);
  });

  test.each(refused)('with $name is refused', ({ text }) => {
    expect(() => decodeInvite(text)).toThrow('neither an invite');
  });
});

describe('a request to connect', () => {
  const { event, bytes, seeds, refused } = handshake.request;
  const { payload } = event;

  test('has these keys, this contract and these bytes', async () => {
    const signer = signerFrom(fromHex(seeds.signing));
    const key = await encapsulationKeyFrom(fromHex(seeds.encapsulation));
    expect(payload.signing).toBe(toBase64url(signer.publicKey));
    expect(payload.encapsulation).toBe(toBase64url(key.publicKey));
    const contract = payload.contract.contract as unknown as Contract;
    expect(signContract(signer, contract)).toStrictEqual(payload.contract);
    expect(toHex(encodeEvent(event as unknown as Event))).toBe(bytes);
    expect(decodeEvent(fromHex(bytes))).toStrictEqual({ ok: true, value: event });
  });

  test('passes check 6', () => {
    expect(check(payload)).toMatchObject({ result: 'pass' });
  });

  test.each(refused)('with $name is $code', ({ patch, code }) => {
    expect(check(patched(payload, patch as Json))).toMatchObject({ result: 'fail', reason: code });
  });

  function check(value: unknown): unknown {
    const type = 'connection.request';
    const received = { event: { type, payload: value } };
    return payloadCheck({
      received,
      wireType: wireTypes[type],
      fields: [],
    } as unknown as CheckContext);
  }
});

describe('an answer', () => {
  const { vault, connection, ledger, read } = handshake.answers;
  const known = { id: ledger.id, keys: [fromBase64url(ledger.key)] };

  test.each(read)('$name: its statement is $statement', ({ event, bytes, statement }) => {
    expect(toHex(encodeEvent(event as unknown as Event))).toBe(bytes);
    const decoded = decodeEvent(fromHex(bytes));
    if (!decoded.ok) throw new Error(decoded.detail);
    const { check } = checkedAnswer({ vault, connection, ledger: known }, decoded.value);
    expect(check?.ok === true ? 'good' : check?.fault).toBe(statement);
  });
});

/** A JSON merge patch (RFC 7396), applied. */
function patched(value: unknown, patch: Json): Json {
  const result: Json = { ...(value as Json) };
  for (const [name, member] of Object.entries(patch)) {
    if (member === null) delete result[name];
    else if (typeof member === 'object' && !Array.isArray(member))
      result[name] = patched(result[name], member as Json);
    else result[name] = member;
  }
  return result;
}
