import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderTable } from './render-table.ts';
import { displayWidth, fitText, visibleText } from './terminal-text.ts';

const plain = { width: 80, colour: false };

describe('renderTable', () => {
  it('aligns text to the left and numbers to the right', () => {
    expect(
      renderTable(
        ['name', 'asked'],
        [
          ['Acme Insurance', '7'],
          ['Birch', '120.5'],
        ],
        plain,
      ),
    ).toBe(
      [
        'name            asked',
        '--------------  -----',
        'Acme Insurance      7',
        'Birch           120.5',
      ].join('\n'),
    );
  });

  it('cuts the widest columns first, with an ellipsis', () => {
    expect(
      renderTable(['id', 'reason'], [['c-1', 'asked far too often for one day']], {
        width: 20,
        colour: false,
      }),
    ).toBe(['id   reason', '---  ---------------', 'c-1  asked far too …'].join('\n'));
  });

  it('counts wide and combining characters as the terminal does', () => {
    const text = renderTable(
      ['name', 'n'],
      [
        ['漢字', '1'],
        ['e\u0301t\u00e9', '2'],
        ['🦊', '3'],
      ],
      plain,
    );
    const widths = text.split('\n').map(displayWidth);
    expect(new Set(widths)).toEqual(new Set([7]));
  });

  it('draws each row as a block when the columns do not fit', () => {
    const columns = Array.from({ length: 12 }, (_, index) => `column${index}`);
    const rows = [columns.map((_, index) => `value ${index}`), columns.map(() => 'x'.repeat(50))];
    const text = renderTable(columns, rows, { width: 40, colour: false });
    expect(text.split('\n')[1]).toBe('column1   value 1');
    expect(text.split('\n\n')).toHaveLength(2);
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(40);
  });

  it('fills in cells that are missing and draws a head without rows', () => {
    expect(renderTable(['a', 'b'], [['1']], plain)).toBe('a  b\n-  -\n1');
    expect(renderTable(['a', 'b'], [], plain)).toBe('a  b\n-  -');
  });

  it('colours the head alone, and only when asked', () => {
    const text = renderTable(['a'], [['1']], { width: 80, colour: true });
    expect(text).toBe('\x1b[1ma\x1b[0m\n\x1b[2m-\x1b[0m\n1');
  });

  it('lets no control character of a value through, and keeps to the width', () => {
    const cell = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 5 }), (rows) => {
        const text = renderTable(['one', 'two \x1b[31m', 'three'], rows, {
          width: 40,
          colour: false,
        });
        for (const line of text.split('\n')) {
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
          expect(displayWidth(line)).toBeLessThanOrEqual(40);
        }
      }),
    );
  });
});

describe('text for a terminal', () => {
  it('writes out what a terminal would obey', () => {
    expect(visibleText('a\x1b[2J\r\nb\u202ec\u200bd')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(visibleText('Zoë & 漢字 🦊')).toBe('Zoë & 漢字 🦊');
  });

  it('cuts heaps of combining marks', () => {
    expect(visibleText(`a${'\u0301'.repeat(1000)}b`)).toHaveLength(6);
  });

  it('cuts before a wide character that does not fit', () => {
    expect(fitText('ab漢字', 4)).toBe('ab…');
    expect(fitText('ab漢字', 6)).toBe('ab漢字');
    expect(fitText('abc', 0)).toBe('');
  });
});
