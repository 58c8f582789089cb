const rememberedMax = 10_000;

/** Tells what was there before, of the last ten thousand names. */
export class Once {
  readonly #names = new Set<string>();

  /** Remembers a name; whether it is the first time. */
  first(name: string): boolean {
    if (this.#names.has(name)) return false;
    this.#names.add(name);
    if (this.#names.size > rememberedMax)
      for (const oldest of this.#names) {
        this.#names.delete(oldest);
        break;
      }
    return true;
  }

  /** Whether a name is remembered. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Forgets a name again. */
  forget(name: string): void {
    this.#names.delete(name);
  }
}
