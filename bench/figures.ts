/** What the rounds of one measurement came to. */
type Figure = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
};

/** One line of a table: whose figures, and ours as a multiple of them. */
export type Row = Figure & { readonly name: string; readonly ratio: number };

/** Samples of many measurements, by what was measured and who was. */
export class Samples {
  readonly #of = new Map<string, Map<string, number[]>>();

  add(measurement: string, name: string, sample: number): void {
    const rows = this.#of.get(measurement) ?? new Map<string, number[]>();
    this.#of.set(measurement, rows.set(name, [...(rows.get(name) ?? []), sample]));
  }

  /** Tables in the order of their first samples; the first row of each is the one compared. */
  tables(): readonly { readonly measurement: string; readonly rows: readonly Row[] }[] {
    return [...this.#of].map(([measurement, rows]) => {
      const figures = [...rows].map(([name, samples]) => ({ name, ...figureOf(samples) }));
      const ours = figures[0]?.median ?? 0;
      return {
        measurement,
        rows: figures.map((figure) => ({ ...figure, ratio: ours / figure.median })),
      };
    });
  }
}

/** Median (the lower one of an even count), least and greatest; requires a sample. */
function figureOf(samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: at((sorted.length - 1) >> 1), min: at(0), max: at(sorted.length - 1) };
}

/** A table for a person. */
export function tableText(measurement: string, rows: readonly Row[]): string {
  const width = Math.max(52, ...rows.map(({ name }) => name.length));
  const titles = `${'median'.padStart(11)}${'min'.padStart(11)}${'max'.padStart(11)}   ours is`;
  const lines = rows.map(({ name, median, min, max, ratio }) => {
    const figures = [median, min, max].map((value) => number(value).padStart(11)).join('');
    return `  ${name.padEnd(width)}${figures}   ${ratio.toFixed(2)}x`;
  });
  return `${measurement.padEnd(width + 2)}${titles}\n${lines.join('\n')}\n`;
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(3);
}
