import { expect, it } from 'vitest';
import { answerDataRequest } from './answer.ts';

it('serves what it is given, in the order asked for, and refuses the rest', async () => {
  const values = new Map([
    ['personal/name', 'Ada'],
    ['personal/motto', ''],
  ]);
  const fields = ['personal/motto', 'personal/phone', 'personal/name'];
  const call = {
    call: '1',
    type: 'data.request',
    event: { id: 'event-1', time: 1, payload: { fields } },
    vault: 'vault-1',
    connection: 'connection-1',
    party: 'party-1',
  };
  const host = {
    read: async (field: string) => values.get(field),
    sign: () => Promise.reject(new Error('it signs nothing')),
  };
  expect(await answerDataRequest(call, host)).toEqual({
    result: {
      fields: { 'personal/motto': '', 'personal/name': 'Ada' },
      refused: ['personal/phone'],
    },
  });
});
