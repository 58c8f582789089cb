import { expect, it } from 'vitest';
import { againLater } from './again-later.ts';
import { ServiceError } from './errors.ts';

const never = new AbortController().signal;
const unanswered = () => Promise.reject(new ServiceError('NO_ANSWER', 'no answer within 5000 ms'));

it('a question that nothing answers is asked again', async () => {
  let asked = 0;
  await againLater(async () => {
    asked += 1;
    if (asked === 1) await unanswered();
  }, never);
  expect(asked).toBe(2);
});

it('one that cannot be asked is not', async () => {
  let asked = 0;
  await againLater(async () => {
    asked += 1;
    throw new ServiceError('NOT_CONNECTED', 'the messaging layer ended the connection');
  }, never);
  expect(asked).toBe(1);
});

it('nor is one whose asker has ended meanwhile', async () => {
  const ending = new AbortController();
  let asked = 0;
  await againLater(() => {
    asked += 1;
    setImmediate(() => ending.abort());
    return unanswered();
  }, ending.signal);
  expect(asked).toBe(1);
});
