import { describe, expect, it } from 'vitest';
import { toBase64url } from '../wire/bytes.ts';
import { sha256, signerFrom } from '../wire/crypto.ts';
import type { Event } from '../wire/event.ts';
import { eventId, identifierFrom } from '../wire/identifiers.ts';
import { type Answer, answerType } from '../wire/messages.ts';
import type { MsgpackValue } from '../wire/msgpack.ts';
import { signStatement } from '../wire/statement.ts';
import { checkedAnswer } from './checked-answer.ts';
import type { PeerIdentity } from './session.ts';

const bytes = (name: string): Uint8Array => sha256(new TextEncoder().encode(name));
const signer = signerFrom(bytes('ledger'));
const [vault, connection] = ['vault', 'connection'].map((name) =>
  identifierFrom(bytes(name).slice(0, 16)),
) as [string, string];
const ledger = { id: 'ab'.repeat(16), keys: [signer.publicKey] };
const cause = eventId(1_000, bytes('asked').slice(0, 10));
type Known = Pick<PeerIdentity, 'vault' | 'connection' | 'ledger'>;
const identity: Known = { vault, connection, ledger };

/** What the vault signs about an answer. */
function signed(answer: Answer, by = signer): Answer {
  const { type, status } = answer;
  const code = answer.status === 'refused' ? { code: answer.code } : {};
  const where = { vault, ledger: ledger.id, connection, event: cause };
  const record = { leaf: toBase64url(bytes('leaf')), time: 2_000, contract: 'cd'.repeat(32) };
  const { leaf, time, key, signature, contract } = signStatement(by, {
    ...where,
    ...{ type, status, ...code },
    ...record,
  });
  return { ...answer, statement: { leaf, time, key, signature, contract: contract ?? '' } };
}

function check(answer: unknown, event: Partial<Event> = {}, who: Known = identity) {
  const id = eventId(2_000, bytes('answer').slice(0, 10));
  const payload = answer as MsgpackValue;
  const outside = { id, type: answerType, time: 2_000, party: vault, cause, payload };
  return checkedAnswer(who, { ...outside, ...event }).check;
}

const served: Answer = { status: 'served', type: 'data.request', result: { fields: {} } };
const refused: Answer = { status: 'refused', type: 'data.request', code: 'rate_limited' };

describe('an answer to a service', () => {
  it('comes with the statement that the vault signed about it', () => {
    for (const answer of [served, refused, { status: 'pending', type: 'a.b', until: 7 } as const]) {
      const statement = { event: cause, connection, vault, status: answer.status };
      expect(check(signed(answer))).toMatchObject({ ok: true, statement });
    }
  });

  it('without one is told apart from a good one', () => {
    expect(check(served)).toStrictEqual({ ok: false, fault: 'missing' });
  });

  it.each<[string, object]>([
    ['status', { ...signed(refused), status: 'served' }],
    ['code', { ...signed(refused), code: 'refused' }],
    ['type', { ...signed(served), type: 'payment.request' }],
  ])('with another %s is not what was signed', (_, answer) => {
    expect(check(answer)).toStrictEqual({ ok: false, fault: 'forged' });
  });

  it('is not what was signed about another event, connection, vault or ledger', () => {
    const answer = signed(served);
    const other = eventId(1_000, bytes('other').slice(0, 10));
    const others: Known[] = [
      { ...identity, connection: vault },
      { ...identity, vault: connection },
      { ...identity, ledger: { ...ledger, id: 'ef'.repeat(16) } },
    ];
    expect(check(answer, { cause: other })).toStrictEqual({ ok: false, fault: 'forged' });
    for (const who of others)
      expect(check(answer, {}, who)).toStrictEqual({ ok: false, fault: 'forged' });
  });

  it('cannot say in its statement what that is about', () => {
    const { statement } = signed(served);
    const other = eventId(1_000, bytes('other').slice(0, 10));
    const posing = { ...served, statement: { ...statement, event: cause, connection } };
    expect(check(posing, { cause: other })).toStrictEqual({ ok: false, fault: 'malformed' });
  });

  it.each(['index', 'event', 'vault', 'ledger', 'connection', 'type', 'status', 'code', ''])(
    'is malformed when its statement has a member %s too many, were it true',
    (name) => {
      const { statement } = signed(served);
      const true_ = { event: cause, vault, connection, ledger: ledger.id, type: served.type };
      const value = { ...true_, status: 'served', index: 7 }[name] ?? 'x';
      const more = { ...served, statement: { ...statement, [name]: value } };
      expect(check(more)).toStrictEqual({ ok: false, fault: 'malformed' });
    },
  );

  it('as it stands is good', () => {
    expect(check(signed(served))).toMatchObject({ ok: true });
  });

  it.each<[string, unknown]>([
    ['text', 'signed'],
    ['null', null],
    ['nothing in it', {}],
    ['a leaf of another length', { ...signed(served).statement, leaf: 'AA' }],
    ['a time that is text', { ...signed(served).statement, time: '2000' }],
  ])('with a statement that is %s is malformed', (_, statement) => {
    expect(check({ ...served, statement })).toStrictEqual({ ok: false, fault: 'malformed' });
  });

  it('keeps a statement by a key that is not known yet', () => {
    const next = signerFrom(bytes('next'));
    const answer = signed(served, next);
    const statement = { status: 'served', signature: answer.statement?.signature };
    expect(check(answer)).toMatchObject({ ok: false, fault: 'key_unknown', statement });
    const knows = { ...identity, ledger: { ...ledger, keys: [...ledger.keys, next.publicKey] } };
    expect(check(answer, {}, knows)).toMatchObject({ ok: true });
  });

  it('says nothing of a statement to the owner’s app, which is told none', () => {
    const { ledger: _, ...app } = identity;
    expect(check(served, {}, app)).toBeUndefined();
  });
});
