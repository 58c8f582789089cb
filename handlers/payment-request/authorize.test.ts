import { expect, it } from 'vitest';
import { authorizePayment } from './authorize.ts';

const payment = { order: 'A-1', amount: 9_007_199_254_740_991, currency: 'EUR', payee: 'Süß "&"' };
const call = {
  call: '1',
  type: 'payment.request',
  event: { id: 'event-1', time: 1_760_000_000_000, payload: payment },
  vault: 'vault-1',
  connection: 'connection-1',
  party: 'party-1',
};

it('signs the canonical statement and gives it with its signature', async () => {
  const signed: [string, string][] = [];
  const answer = await authorizePayment(call, {
    sign: async (purpose, bytes) => {
      signed.push([purpose, new TextDecoder().decode(bytes)]);
      return { signature: new Uint8Array(64), key: new Uint8Array(32) };
    },
  });
  const statement =
    '{"amount":9007199254740991,"currency":"EUR","event":"event-1","order":"A-1",' +
    '"party":"party-1","payee":"Süß \\"&\\"","time":1760000000000,"vault":"vault-1"}';
  expect(signed).toEqual([['payment', statement]]);
  expect(answer).toEqual({
    result: {
      ...payment,
      authorization: {
        statement: Buffer.from(statement).toString('base64url'),
        signature: 'A'.repeat(86),
        key: 'A'.repeat(43),
      },
    },
    effects: [{ type: 'payment.authorized', ...payment }],
  });
});

it('authorizes nothing when the host does not sign', async () => {
  const host = {
    sign: () => Promise.reject(new Error('this purpose is not permitted')),
  };
  await expect(authorizePayment(call, host)).rejects.toThrow('not permitted');
});
