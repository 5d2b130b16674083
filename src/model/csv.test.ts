import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readCsv } from './csv.ts';

/** A cell as RFC 4180 writes it; in quotes where it must be, or anyway. */
function written(cell: string, quoted: boolean): string {
  return quoted || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

const cell = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom('', '"', '""', ',', '\n', '\r\n', 'a\nb', ' padded ', 'ü'),
);
const table = fc.array(fc.array(fc.record({ cell, quoted: fc.boolean() }), { minLength: 1, maxLength: 5 }), {
  maxLength: 6,
});

describe('comma-separated values', () => {
  it('are read as they were written, whatever is in them, with the line that each record begins on', () => {
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, lineBreak, isEnded) => {
        const lines = rows.map((row) => row.map(({ cell, quoted }) => written(cell, quoted)).join(','));
        const text = lines.join(lineBreak) + (isEnded && lines.length > 0 ? lineBreak : '');
        // An empty line at the very end is no record.
        fc.pre(isEnded || lines.at(-1) !== '');
        let line = 1;
        const expected = rows.map((row, i) => {
          const begun = line;
          line += (lines[i]?.split('\n').length ?? 1) - 1 + 1;
          return { kind: 'record', line: begun, cells: row.map(({ cell }) => cell) };
        });
        assert.deepEqual([...readCsv(text)], expected);
      }),
    );
  });

  it('that are broken say on which line, and the others are read', () => {
    const text = 'a,b\r\nx"y,1\r\n"c"d,2\n"e\nf",3\n"open,4\n5,6\n';
    assert.deepEqual(
      [...readCsv(text)].map((record) =>
        record.kind === 'record' ? [record.line, ...record.cells] : record.line,
      ),
      [[1, 'a', 'b'], 2, 3, [4, 'e\nf', '3'], 6],
    );
  });

  it('may begin with a byte order mark', () => {
    assert.deepEqual([...readCsv('\ufeffa,b')], [{ kind: 'record', line: 1, cells: ['a', 'b'] }]);
    assert.deepEqual([...readCsv('')], []);
  });

  it('never fail, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a'), maxLength: 30 }), (text) => {
        const lines = [...readCsv(text)].map(({ line }) => line);
        assert.deepEqual(
          lines,
          [...new Set(lines)].sort((a, b) => a - b),
        );
      }),
    );
  });
});
