import { describe, expect, it } from 'vitest';
import { momentOf } from './replay.ts';

describe('the moment in --at', () => {
  it('is a record index, or a time, in UTC where it names no zone', () => {
    expect(momentOf('0')).toEqual({ index: 0 });
    expect(momentOf('1234')).toEqual({ index: 1234 });
    expect(momentOf('2026-01-31')).toEqual({ time: Date.UTC(2026, 0, 31) });
    expect(momentOf('2026-01-31T12:30')).toEqual({ time: Date.UTC(2026, 0, 31, 12, 30) });
    expect(momentOf('2026-01-31T12:30:01.5Z')).toEqual({
      time: Date.UTC(2026, 0, 31, 12, 30, 1, 500),
    });
    expect(momentOf('2026-01-31T12:30+02:00')).toEqual({ time: Date.UTC(2026, 0, 31, 10, 30) });
  });

  it('is nothing else', () => {
    for (const text of ['', '-1', '1.5', 'now', '2026-13-01T00:00Z', '1e3', '0x10', '2026-1-1'])
      expect(() => momentOf(text)).toThrow('--at takes');
  });
});
