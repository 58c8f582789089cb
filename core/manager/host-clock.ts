import { LedgerError } from '../../ledger/errors.ts';

/** How far the host's clock may be ahead of what can be believed, in milliseconds. */
export const clockJumpMaxMs: number = 60 * 60 * 1000;

/** What a host tells: Unix milliseconds, and milliseconds since some moment, which no one sets. */
export type TimeSource = { readonly wall: () => number; readonly monotonic: () => number };

/** The clocks of this machine. */
export const hostTime: TimeSource = { wall: Date.now, monotonic: () => performance.now() };

/**
 * The clock of a host that is not trusted. Set forward it would let everything expire, and since record
 * times never decrease, for ever: so whoever asks for a time that has come too fast gets none.
 */
export class HostClock {
  readonly #source: TimeSource;
  #wall = 0;
  #monotonic = 0;

  constructor(source: TimeSource = hostTime) {
    this.#source = source;
  }

  /**
   * The ledger is open: from now on the two clocks have to agree.
   * @param lastTime - of its last record, Unix milliseconds
   * @param ownersTime - what time it is by the owner's word, where the owner is there
   * @throws LedgerError CLOCK_JUMPED when more time has passed since than the owner vouches for
   */
  begin(lastTime: number, ownersTime?: number): void {
    this.#wall = this.#source.wall();
    this.#monotonic = this.#source.monotonic();
    const believed = Math.max(lastTime, ownersTime ?? 0);
    if (this.#wall > believed + clockJumpMaxMs) throw jumped(this.#wall, believed);
  }

  /**
   * Unix milliseconds.
   * @throws LedgerError CLOCK_JUMPED
   */
  now(): number {
    const wall = this.#source.wall();
    const believed = this.#wall + (this.#source.monotonic() - this.#monotonic);
    if (wall > believed + clockJumpMaxMs) throw jumped(wall, believed);
    return wall;
  }
}

/**
 * Holds the vault's time against the one that the owner's app has just signed.
 * @throws LedgerError CLOCK_JUMPED when the vault is ahead
 */
export function expectNotAhead(time: number, signed: number): void {
  if (time > signed + clockJumpMaxMs) throw jumped(time, signed);
}

function jumped(wall: number, believed: number): LedgerError {
  const [is, was] = [wall, believed].map((time) => new Date(time).toISOString());
  return new LedgerError(
    'CLOCK_JUMPED',
    `the clock of this machine says ${is}, and ${was} is all that can be believed`,
  );
}
