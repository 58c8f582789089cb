import { LedgerError } from '../../ledger/errors.ts';
import type { Pin } from './pin.ts';

const againMs = 500;

/** A pin says that this vault is not the only one, or not the newest: it must stop. */
const ending: ReadonlySet<string> = new Set(['PIN_CONFLICT', 'ROLLED_BACK', 'FORKED']);

/** What is durable now: a signed checkpoint, and how many records it covers. */
export type Covered = { readonly note: string; readonly size: number };

/** What a keeper of pins is made of. */
export type PinKeeperParts = {
  readonly pins: readonly Pin[];
  /** Signs what is durable at this moment. */
  readonly durable: () => Covered;
  readonly log: (line: string, details?: Record<string, unknown>) => void;
  /**
   * Whether a note is a checkpoint that this ledger continues.
   * @throws LedgerError when it is one of this ledger, and is not continued
   */
  readonly continues: (note: string) => Promise<boolean>;
  /** Called once, when a pin turns out to be somebody else's. */
  readonly onConflict: (error: LedgerError) => void;
};

/**
 * Keeps the pins up with the ledger. While one is being moved the next checkpoint waits, so that a
 * burst moves it few times. A pin that fails is tried again: what waits for it goes on waiting.
 */
export class PinKeeper {
  readonly #parts: PinKeeperParts;
  readonly #holders: readonly Holder[];
  #object: (error: LedgerError) => void = () => {};
  readonly #objection = new Promise<LedgerError>((resolve) => {
    this.#object = resolve;
  });
  #stopped = false;

  /** @param kept - what each pin keeps, as read when the ledger was opened */
  constructor(parts: PinKeeperParts, kept: ReadonlyMap<Pin, string | undefined>) {
    this.#parts = parts;
    this.#holders = parts.pins.map((pin) => ({ pin, note: kept.get(pin), size: 0 }));
  }

  /** Moves the pins before long: each as often as it says. */
  soon(): void {
    if (this.#stopped) return;
    for (const holder of this.#holders)
      holder.timer ??= setTimeout(() => {
        holder.timer = undefined;
        void this.#coverOne(holder, this.#parts.durable().size);
      }, holder.pin.behindMs).unref();
  }

  /** Resolves when every pin covers at least the records that are durable now; never once stopped. */
  async cover(): Promise<void> {
    const { size } = this.#parts.durable();
    await Promise.all(this.#holders.map((holder) => this.#coverOne(holder, size)));
  }

  /**
   * Moves all pins now: a pin that cannot be asked what it has seen says so here.
   * @throws LedgerError what a pin has objected with; PIN_UNREACHABLE when one is not moved in time
   */
  async fresh(waitMs: number): Promise<void> {
    const late = wait(waitMs).then(() => 'late' as const);
    const end = await Promise.race([this.cover(), late, this.#objection]);
    if (end instanceof LedgerError) throw end;
    if (end === 'late')
      throw new LedgerError('PIN_UNREACHABLE', 'not all pins could be moved in time');
  }

  /** Moves no pin any more. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#holders) clearTimeout(timer);
  }

  async #coverOne(holder: Holder, size: number): Promise<void> {
    while (holder.size < size) {
      if (this.#stopped) await new Promise(() => undefined);
      holder.moving ??= this.#move(holder).finally(() => {
        holder.moving = undefined;
      });
      await holder.moving;
    }
  }

  async #move(holder: Holder): Promise<void> {
    const { note, size } = this.#parts.durable();
    const { pin } = holder;
    try {
      await pin.replace(holder.note, note);
      holder.note = note;
      holder.size = size;
    } catch (error) {
      this.#parts.log('a pin was not moved', { pin: pin.name, error: String(error) });
      if (!(error instanceof LedgerError && ending.has(error.code))) {
        holder.tried = note;
        await wait(againMs);
      } else if (!(await this.#adopts(holder))) {
        this.stop();
        this.#object(error);
        this.#parts.onConflict(error);
      }
    }
  }

  /**
   * What the pin keeps instead: a move of ours that was made though it failed, or one of the writer before
   * us, whom we have fenced. Anything else is not for us to overwrite.
   */
  async #adopts(holder: Holder): Promise<boolean> {
    try {
      const found = await holder.pin.read?.();
      if (found === undefined || found === holder.note) return false;
      if (found !== holder.tried && !(await this.#parts.continues(found))) return false;
      holder.note = found;
      return true;
    } catch {
      return false;
    }
  }
}

/** A pin, and what it keeps. */
type Holder = {
  readonly pin: Pin;
  note: string | undefined;
  size: number;
  /** What it was to keep when it failed the last time. */
  tried?: string;
  moving?: Promise<void> | undefined;
  timer?: NodeJS.Timeout | undefined;
};

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
