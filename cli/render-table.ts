import { displayWidth, fitText, styled, visibleText } from './terminal-text.ts';

/** How to draw. */
export type TableOptions = {
  /** Width of the terminal, in columns; 0 or Infinity where there is none. */
  readonly width: number;
  readonly colour: boolean;
};

const gap = '  ';

/** Below this many columns a cell says nothing: then each row is drawn as a block of its own. */
const cellWidthMin = 6;

/**
 * A table as plain text, without a newline at its end. Cells are aligned, numbers to the right;
 * what does not fit is cut with `…`, and a table with too many columns for the terminal gives one
 * `column  value` line for each cell. Nothing in a value reaches the terminal as a command.
 */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string {
  const heads = columns.map(visibleText);
  const cells = rows.map((row) => columns.map((_, index) => visibleText(row[index] ?? '')));
  const natural = heads.map((head, index) => columnWidth(head, cells, index));
  const room = options.width > 0 ? options.width - gap.length * (columns.length - 1) : Infinity;
  const widths = fitWidths(natural, room);
  if (widths === undefined) return renderBlocks(heads, cells, options);
  const numeric = heads.map((_, index) => isNumeric(cells, index));
  const head = heads.map((text, index) => alignCell(text, widths[index] ?? 0, numeric[index]));
  const rule = widths.map((width) => '-'.repeat(width)).join(gap);
  const lines = cells.map((row) =>
    row.map((text, index) => alignCell(text, widths[index] ?? 0, numeric[index])).join(gap),
  );
  return [
    styled(head.join(gap).trimEnd(), 'bold', options.colour),
    styled(rule, 'dim', options.colour),
    ...lines.map((line) => line.trimEnd()),
  ].join('\n');
}

function columnWidth(head: string, cells: readonly (readonly string[])[], index: number): number {
  let width = displayWidth(head);
  for (const row of cells) width = Math.max(width, displayWidth(row[index] ?? ''));
  return width;
}

/** Widths that fit `room`, the widest columns cut first; `undefined` when nothing readable is left. */
function fitWidths(natural: readonly number[], room: number): readonly number[] | undefined {
  let left = room;
  let cap = Number.POSITIVE_INFINITY;
  for (const [done, width] of natural.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (natural.length - done));
    if (width > share) {
      cap = share;
      break;
    }
    left -= width;
  }
  return cap < cellWidthMin ? undefined : natural.map((width) => Math.min(width, cap));
}

function isNumeric(cells: readonly (readonly string[])[], index: number): boolean {
  const filled = cells.map((row) => row[index] ?? '').filter((cell) => cell !== '');
  return filled.length > 0 && filled.every((cell) => /^-?\d+(?:\.\d+)?$/.test(cell));
}

function alignCell(text: string, width: number, right = false): string {
  const fitted = fitText(text, width);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(fitted)));
  return right ? padding + fitted : fitted + padding;
}

function renderBlocks(
  heads: readonly string[],
  cells: readonly (readonly string[])[],
  { width, colour }: TableOptions,
): string {
  const longest = Math.max(0, ...heads.map(displayWidth));
  const headWidth = Math.max(1, Math.min(longest, Math.floor(width / 2) - gap.length));
  const valueWidth = Math.max(1, width - headWidth - gap.length);
  const blocks = cells.map((row) =>
    row.map((text, index) => {
      const head = styled(alignCell(heads[index] ?? '', headWidth), 'dim', colour);
      return `${head}${gap}${fitText(text, valueWidth)}`.trimEnd();
    }),
  );
  return blocks.length === 0
    ? fitText(heads.join(gap), Math.max(1, width))
    : blocks.map((lines) => lines.join('\n')).join('\n\n');
}
