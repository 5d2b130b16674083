import { StoreError } from '../errors.ts';
import type { Page } from '../port.ts';

/** Where a page ended: the values its list is ordered by. */
type Position = readonly (string | number)[];

/** A position as opaque text. */
export function writeCursor(list: string, position: Position): string {
  return Buffer.from(JSON.stringify([list, ...position])).toString('base64url');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads a position with values of the given types. Throws `StoreError` `not-found` when the text is no such one. */
export function readCursor(list: string, types: readonly ('string' | 'number')[], cursor: string): Position {
  const value = parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!Array.isArray(value) || value[0] !== list || value.length !== types.length + 1)
    throw new StoreError('not-found', 'no such page: the page token is not one of this list');
  const position = value.slice(1) as Position;
  if (position.some((part, i) => typeof part !== types[i]))
    throw new StoreError('not-found', 'no such page: the page token is not one of this list');
  return position;
}

/** The id after which a list ordered by id goes on; before all ids for the first page. */
export function afterId(list: string, cursor: string | null): string {
  return cursor === null ? '' : String(readCursor(list, ['string'], cursor)[0]);
}

/** Before which moment (ms) and number a list goes on that shows the newest first, and of one moment the last number. */
export function beforeMoment(
  list: string,
  cursor: string | null,
  endAt: number | undefined,
): [number, number] {
  if (cursor === null) return [endAt ?? Number.MAX_SAFE_INTEGER, -1];
  const [at, no] = readCursor(list, ['number', 'number'], cursor);
  return [Number(at), Number(no)];
}

/** A page of `limit` items from up to `limit + 1` rows; `position` of its last row leads to the next. */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  item: (row: R) => T,
  cursor: (row: R) => string,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? cursor(last) : null;
  return { items: shown.map(item), next };
}
