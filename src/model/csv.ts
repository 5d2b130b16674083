/** A record of comma-separated values, with the line (from 1 on) that it begins on; or what is wrong there. */
export type CsvRecord =
  | { readonly kind: 'record'; readonly line: number; readonly cells: readonly string[] }
  | { readonly kind: 'broken'; readonly line: number; readonly problem: string };

/** A cell that was read, and where the text goes on; `end` is at a comma, a line break or the end of the text. */
type Cell =
  | { readonly text: string; readonly end: number }
  | { readonly problem: string; readonly end: number };

const QUOTE = '"';
const BYTE_ORDER_MARK = '\ufeff';

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

/** Where a plain cell ends: at a comma or before a line break. Looks no further, as there may be very many cells. */
function endOfPlain(text: string, from: number): number {
  let end = from;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n') end += 1;
  return text[end] === '\n' && end > from && text[end - 1] === '\r' ? end - 1 : end;
}

function readPlain(text: string, from: number): Cell {
  const end = endOfPlain(text, from);
  const cell = text.slice(from, end);
  if (!cell.includes(QUOTE)) return { text: cell, end };
  return { problem: 'has a quotation mark within a cell that does not begin with one', end };
}

function isCellEnd(text: string, at: number): boolean {
  return at === text.length || text[at] === ',' || text[at] === '\n' || text.startsWith('\r\n', at);
}

function readQuoted(text: string, from: number): Cell {
  let cell = '';
  for (let at = from + 1; ; ) {
    const quote = text.indexOf(QUOTE, at);
    if (quote === -1) return { problem: 'has a quotation mark that is not closed', end: text.length };
    cell += text.slice(at, quote);
    if (text[quote + 1] === QUOTE) {
      cell += QUOTE;
      at = quote + 2;
      continue;
    }
    if (isCellEnd(text, quote + 1)) return { text: cell, end: quote + 1 };
    return { problem: 'has text after the quotation mark that ends a cell', end: quote + 1 };
  }
}

/** Past the line break at `at`, or at the end of the text. */
function afterBreak(text: string, at: number): number {
  return Math.min(text.length, endOfLine(text, at) + 1);
}

function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/**
 * Reads comma-separated values as in RFC 4180, with line breaks of either kind, one after another. A broken record is
 * passed over up to the end of its line; one whose quotation mark is not closed takes the rest of the text with it. A
 * byte order mark at the beginning is no part of the first cell.
 */
export function* readCsv(text: string): Generator<CsvRecord, void> {
  let at = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const start = at;
    const begun = line;
    const cells: string[] = [];
    let problem: string | null = null;
    for (;;) {
      const cell = text[at] === QUOTE ? readQuoted(text, at) : readPlain(text, at);
      at = cell.end;
      if ('problem' in cell) {
        problem = cell.problem;
        break;
      }
      cells.push(cell.text);
      if (text[at] !== ',') break;
      at += 1;
    }
    at = afterBreak(text, at);
    line += lineBreaks(text, start, at);
    if (problem === null) yield { kind: 'record', line: begun, cells };
    else yield { kind: 'broken', line: begun, problem };
  }
}
