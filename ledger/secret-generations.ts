/*
 * A secret that can be replaced has several names in a ring, one for each generation: `signing`,
 * `signing.2`, `signing.3`. The next one is added before it is used, and the one before removed when
 * nothing needs it any more, so that no crash leaves a vault without the key that its ledger names.
 */

/** Name of one generation of a secret; the first bears the plain name. */
export function generationName(name: string, generation: number): string {
  return generation === 1 ? name : `${name}.${generation}`;
}

/** Generations of a secret among the names of a ring, ascending. */
export function generationsOf(name: string, names: Iterable<string>): number[] {
  return [...names]
    .flatMap((each) => {
      if (each === name) return [1];
      const number = each.startsWith(`${name}.`) ? each.slice(name.length + 1) : '';
      return /^(?:[2-9]|[1-9][0-9]{1,8})$/.test(number) ? [Number(number)] : [];
    })
    .sort((a, b) => a - b);
}
