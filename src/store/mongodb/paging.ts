import type { Collection, Document, Filter } from 'mongodb';
import { StoreError } from '../errors.ts';
import type { Page, PageRequest } from '../port.ts';

type Position = readonly (string | number)[];

/** A page token for a position. */
export function encodePosition(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position in a page token, each part of the given type. Errors: `not-found` for anything else. */
export function decodePosition(token: string, types: readonly ('string' | 'number')[]): Position {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === types.length) {
      if (types.every((type, i) => typeof parts[i] === type)) return parts;
    }
  } catch {
    // Not JSON: refused below like any other malformed token.
  }
  throw new StoreError('not-found', 'The page token is not one of this list.');
}

function pageOf<D, T>(
  documents: readonly D[],
  limit: number,
  item: (document: D) => T,
  position: (document: D) => Position,
): Page<T> {
  const shown = documents.slice(0, limit);
  const last = shown.at(-1);
  const more = documents.length > limit && last !== undefined;
  return { items: shown.map(item), next: more ? encodePosition(position(last)) : null };
}

/** A page in the order of ids; `item` needs no more of a document than `projection` shows. */
export async function pageById<D extends { readonly _id: string }, T>(
  rows: Collection<D>,
  filter: Filter<D>,
  page: PageRequest,
  item: (document: D) => T,
  projection: Document = {},
): Promise<Page<T>> {
  const [after] = page.after === null ? [] : decodePosition(page.after, ['string']);
  const from = after === undefined ? {} : { _id: { $gt: after } };
  const documents = await rows
    .find<D>({ $and: [filter, from] } as Filter<D>, { projection })
    .sort({ _id: 1 })
    .limit(page.limit + 1)
    .toArray();
  return pageOf(documents, page.limit, item, (document) => [document._id]);
}

/** A page with the newest first: by `at`, then by id, both descending. */
export async function pageByTime<D extends { readonly _id: string; readonly at: number }, T>(
  rows: Collection<D>,
  filter: Filter<D>,
  page: PageRequest,
  item: (document: D) => T,
): Promise<Page<T>> {
  const [at, id] = page.after === null ? [] : decodePosition(page.after, ['number', 'string']);
  const from = at === undefined ? {} : { at: { $lte: at }, $or: [{ at: { $lt: at } }, { _id: { $lt: id } }] };
  const documents = await rows
    .find<D>({ $and: [filter, from] } as Filter<D>)
    .sort({ at: -1, _id: -1 })
    .limit(page.limit + 1)
    .toArray();
  return pageOf(documents, page.limit, item, (document) => [document.at, document._id]);
}

/** The condition of a time range on `at`: from `startAt` to before `endAt`. */
export function timeRange(range: { readonly startAt?: number; readonly endAt?: number }): object {
  if (range.startAt === undefined && range.endAt === undefined) return {};
  return {
    at: {
      ...(range.startAt === undefined ? {} : { $gte: range.startAt }),
      ...(range.endAt === undefined ? {} : { $lt: range.endAt }),
    },
  };
}
