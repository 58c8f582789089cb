import { expect, test } from 'vitest';
import { publicReason, reasons } from './reasons.ts';

test('an absent field and a denied consent look the same from outside', () => {
  expect(publicReason('field_absent')).toBe('refused');
  expect(publicReason('consent_denied')).toBe('refused');
});

test('every other reason is told as it is', () => {
  for (const reason of reasons)
    if (reason !== 'field_absent' && reason !== 'consent_denied')
      expect(publicReason(reason)).toBe(reason);
});

test('no reason stands twice', () => {
  expect(new Set(reasons).size).toBe(reasons.length);
});
