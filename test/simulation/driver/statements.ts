import type { Document } from 'mongodb';
import type { Draft } from '../document-store/draft.ts';
import { matches } from '../document-store/filters.ts';
import { updated } from '../document-store/updates.ts';
import { copyOf, isFields, isList, type Row, same, unknownTo } from '../document-store/values.ts';
import { NO_COUNTS, type WriteCounts } from './errors.ts';

/** What one update made of one row. */
export interface ObservedUpdate {
  readonly table: string;
  readonly filter: object;
  readonly update: unknown;
  readonly now: Date;
  readonly before: Row;
  readonly after: Row;
}

/** Sees every update as it is carried out. */
export type Observe = (update: ObservedUpdate) => void;

/** One collection as a command writes to it. */
export interface Target {
  readonly table: string;
  readonly rows: Draft;
  readonly now: Date;
  readonly observe: Observe;
}

/** Rows that match, straight by id where the filter names some. */
export function rowsMatching(
  { rows, table, now }: Pick<Target, 'rows' | 'table' | 'now'>,
  filter: object,
): Row[] {
  const id = isFields(filter) ? filter._id : undefined;
  const ids = typeof id === 'string' ? [id] : isFields(id) && isList(id.$in) ? id.$in : null;
  if (ids === null) return [...rows.rows(table)].filter((row) => matches(row, filter, now));
  const found = [...new Set(ids)].flatMap((one) => rows.row(table, String(one)) ?? []);
  return found.filter((row) => matches(row, filter, now));
}

export function updateRow(target: Target, filter: object, update: unknown, before: Row): Row {
  const after = updated(before, update, target.now);
  target.rows.put(target.table, after);
  target.observe({ table: target.table, filter, update, now: target.now, before, after });
  return after;
}

export function change(target: Target, filter: object, update: unknown, most: number): WriteCounts {
  const found = rowsMatching(target, filter).slice(0, most);
  const changed = found.filter((row) => !same(row, updateRow(target, filter, update, row)));
  return { ...NO_COUNTS, matched: found.length, modified: changed.length };
}

export function remove(target: Target, filter: object, most: number): WriteCounts {
  const found = rowsMatching(target, filter).slice(0, most);
  for (const row of found) target.rows.remove(target.table, row._id);
  return { ...NO_COUNTS, deleted: found.length };
}

export function insert({ rows, table }: Target, documents: readonly Row[], isOrdered: boolean): WriteCounts {
  const refused: WriteCounts['refused'][number][] = [];
  let inserted = 0;
  for (const [index, document] of documents.entries()) {
    if (rows.row(table, document._id) === undefined) {
      rows.put(table, document);
      inserted += 1;
    } else {
      refused.push({ index, id: document._id });
      if (isOrdered) break;
    }
  }
  return { ...NO_COUNTS, inserted, refused };
}

/** A document as the driver sends it. */
export function rowOf(document: Document): Row {
  const copy = copyOf(document);
  if (!isFields(copy) || typeof copy._id !== 'string') throw unknownTo('a row without a text as its id');
  return { ...copy, _id: copy._id };
}

/** One operation of a bulk write. */
export function statement(target: Target, operation: Document): WriteCounts {
  const [[name, body] = ['', {}], ...more] = Object.entries(operation);
  if (more.length > 0) throw unknownTo('a bulk operation of two kinds');
  if (name === 'updateOne') return change(target, body.filter, body.update, 1);
  if (name === 'updateMany') return change(target, body.filter, body.update, Infinity);
  if (name === 'deleteOne') return remove(target, body.filter, 1);
  if (name === 'deleteMany') return remove(target, body.filter, Infinity);
  throw unknownTo(`the bulk operation ${name}`);
}

export function add(a: WriteCounts, b: WriteCounts): WriteCounts {
  return {
    matched: a.matched + b.matched,
    modified: a.modified + b.modified,
    deleted: a.deleted + b.deleted,
    inserted: a.inserted + b.inserted,
    refused: [...a.refused, ...b.refused],
  };
}
