/** How many records each scope has, and the last one's leaf. */
export class ScopeChains {
  readonly #ends = new Map<string, { count: number; leaf: Uint8Array }>();
  readonly #base: ScopeChains | undefined;

  /** @param base - what stands before; it stays as it is until it adopts what was taken here */
  constructor(base?: ScopeChains) {
    this.#base = base;
  }

  /** Takes over the places taken in chains that have this one as their base. */
  adopt(later: ScopeChains): void {
    for (const [scope, end] of later.#ends) this.#ends.set(scope, end);
  }

  /** Place of the next record of `scope`, which will have this leaf. */
  take(scope: string, leaf: Uint8Array): { index: number; previous: Uint8Array | null } {
    const place = this.next(scope);
    this.#ends.set(scope, { count: place.index + 1, leaf });
    return place;
  }

  /** Place that the next record of `scope` will have. */
  next(scope: string): { index: number; previous: Uint8Array | null } {
    const end = this.#ends.get(scope);
    if (end === undefined && this.#base !== undefined) return this.#base.next(scope);
    return { index: end?.count ?? 0, previous: end?.leaf ?? null };
  }
}
