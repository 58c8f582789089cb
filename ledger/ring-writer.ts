import { equalBytes } from '../wire/bytes.ts';
import { LedgerError } from './errors.ts';
import type { KeptRing, KeptValue, RingStore } from './ring-store.ts';

/** The one writer of a ring: what it writes stands upon all that it has read and written before. */
export class RingWriter {
  readonly #store: RingStore;
  /** Sequence of the store's last write. */
  #last: number;
  /** Why nothing more can be written. */
  #closed: LedgerError | undefined;

  constructor(store: RingStore, last: number) {
    this.#store = store;
    this.#last = last;
  }

  /** Most bytes of a value. */
  get valueBytesMax(): number {
    return this.#store.valueBytesMax;
  }

  /** @throws LedgerError once the writer is closed */
  expectOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }

  close(): void {
    this.#closed = new LedgerError('CLOSED', 'the keyring is closed');
  }

  /**
   * Writes durably. A rejected write may have been made. If it was not, it may yet be: the writer
   * writes nothing more then, since a second value of the same generation would belie what the ledger
   * records.
   * @throws LedgerError STORE_UNAVAILABLE, FENCED, CLOSED (closed meanwhile: the value was written)
   */
  async write(how: 'add' | 'replaceAll', value: KeptValue): Promise<void> {
    this.expectOpen();
    try {
      this.#last = await this.#store[how](value, this.#last);
    } catch (cause) {
      const kept = await this.#read();
      const found = kept?.values.at(-1);
      if (kept === undefined || found === undefined || !isSame(found, value)) {
        const code =
          kept === undefined || kept.last === this.#last ? 'STORE_UNAVAILABLE' : 'FENCED';
        this.#closed ??= new LedgerError(code, `the ring did not keep ${value.name}`, { cause });
        throw this.#closed;
      }
      this.#last = kept.last;
    }
    this.expectOpen();
  }

  async #read(): Promise<KeptRing | undefined> {
    try {
      return await this.#store.read();
    } catch {
      return undefined;
    }
  }
}

function isSame(one: KeptValue, other: KeptValue): boolean {
  return one.name === other.name && equalBytes(one.bytes, other.bytes);
}
