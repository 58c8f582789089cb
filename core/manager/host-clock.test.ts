import { describe, expect, it } from 'vitest';
import { expectNotAhead, HostClock } from './host-clock.ts';

const hourMs = 60 * 60 * 1000;
const noon = Date.UTC(2026, 0, 1, 12);
const jumped = expect.objectContaining({ code: 'CLOCK_JUMPED' });

/** A host whose two clocks can be set. */
function host(wall = noon) {
  const clocks = { wall, monotonic: 5_000 };
  const clock = new HostClock({ wall: () => clocks.wall, monotonic: () => clocks.monotonic });
  const pass = (wallMs: number, monotonicMs = wallMs): void => {
    clocks.wall += wallMs;
    clocks.monotonic += monotonicMs;
  };
  return { clock, pass };
}

describe('the clock of a host', () => {
  it('is believed while it goes as fast as time does, for ever', () => {
    const { clock, pass } = host();
    clock.begin(noon);
    for (let hours = 0; hours < 1_000; hours++) {
      pass(hourMs);
      expect(clock.now()).toBe(noon + (hours + 1) * hourMs);
    }
  });

  it('gives no time once it was set forward by more than an hour, at once or little by little', () => {
    const atOnce = host();
    atOnce.clock.begin(noon);
    atOnce.pass(hourMs + 1, 0);
    expect(() => atOnce.clock.now()).toThrow(jumped);
    const slowly = host();
    slowly.clock.begin(noon);
    for (let step = 0; step < 6; step++) {
      slowly.pass(hourMs / 6, 0);
      slowly.clock.now();
    }
    slowly.pass(hourMs / 6, 0);
    expect(() => slowly.clock.now()).toThrow(jumped);
  });

  it('may be set back: records never are, and nobody gains by it', () => {
    const { clock, pass } = host();
    clock.begin(noon);
    pass(-24 * hourMs, 0);
    expect(clock.now()).toBe(noon - 24 * hourMs);
  });

  it('is asked about when the vault was not open for more than an hour', () => {
    expect(() => host(noon + hourMs).clock.begin(noon)).not.toThrow();
    expect(() => host(noon + hourMs + 1).clock.begin(noon)).toThrow(jumped);
  });

  it('is believed after a week when the owner says that it is right, and not further', () => {
    const week = 7 * 24 * hourMs;
    expect(() => host(noon + week).clock.begin(noon, noon + week)).not.toThrow();
    expect(() => host(noon + 2 * week).clock.begin(noon, noon + week)).toThrow(jumped);
  });

  it('may not be ahead of what the app of the owner has just signed', () => {
    expect(() => expectNotAhead(noon + hourMs, noon)).not.toThrow();
    expect(() => expectNotAhead(noon + hourMs + 1, noon)).toThrow(jumped);
    expect(() => expectNotAhead(noon, noon + hourMs * 5)).not.toThrow();
  });
});
