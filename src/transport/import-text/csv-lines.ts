import type { JsonObject } from '@bufbuild/protobuf';
import type { ImportLine, LineProblem } from '../../domain/import-keys.ts';
import { type CsvRecord, readCsv } from '../../model/csv.ts';
import { COLUMN_NAMES, COLUMNS_MAX, type Column, columnOf } from './csv-columns.ts';
import { brokenLine, keyLineOf } from './key-line.ts';

/** The columns that the first record names, or what is wrong with it. Its text is not quoted: it may be a key's. */
function columnsOf(names: readonly string[]): readonly Column[] | readonly LineProblem[] {
  if (names.length > COLUMNS_MAX)
    return [
      { field: '', message: `has ${names.length} cells, and a key has ${COLUMNS_MAX} columns at most` },
    ];
  const problems: LineProblem[] = [];
  const columns = names.flatMap((name, i): Column | [] => {
    const column = columnOf(name);
    if (column !== null && names.indexOf(name) === i) return column;
    const what = column === null ? `is none of ${COLUMN_NAMES.join(', ')}` : 'is there twice';
    problems.push({ field: '', message: `column ${i + 1} ${what}` });
    return [];
  });
  if (!names.includes('value'))
    problems.push({
      field: 'value',
      message: 'the first line must name the columns, with one that is value',
    });
  return problems.length > 0 ? problems : columns;
}

function isColumns(read: readonly Column[] | readonly LineProblem[]): read is readonly Column[] {
  return read.every((one) => typeof one === 'function');
}

function isEmpty(record: CsvRecord): boolean {
  return record.kind === 'record' && record.cells.length === 1 && record.cells[0] === '';
}

function lineOf(record: CsvRecord, columns: readonly Column[], tierId: string): ImportLine {
  const { line } = record;
  if (record.kind === 'broken') return brokenLine(line, { field: '', message: record.problem });
  const { cells } = record;
  if (cells.length !== columns.length) {
    const message = `has ${cells.length} cells, and the first line names ${columns.length} columns`;
    return brokenLine(line, { field: '', message });
  }
  const key: JsonObject = {};
  const problems = cells.flatMap((cell, i) => (cell === '' ? [] : (columns[i]?.(cell, key) ?? [])));
  const read = keyLineOf(line, key, tierId);
  return problems.length === 0 ? read : brokenLine(line, ...problems, ...read.problems);
}

/** The keys of a CSV text, the first line of which names the columns; that line alone where it does not. */
export function* csvLines(text: string, tierId: string): Generator<ImportLine, void> {
  let columns: readonly Column[] | null = null;
  for (const record of readCsv(text)) {
    if (isEmpty(record)) continue;
    if (columns !== null) {
      yield lineOf(record, columns, tierId);
      continue;
    }
    const read =
      record.kind === 'record' ? columnsOf(record.cells) : [{ field: '', message: record.problem }];
    if (!isColumns(read)) {
      yield brokenLine(record.line, ...read);
      return;
    }
    columns = read;
  }
}
