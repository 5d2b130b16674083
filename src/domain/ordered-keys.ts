import { comparePositions, type OrderedPosition, orderValue, type ScannedKey } from '../model/key-order.ts';
import type { Page } from '../store/port.ts';
import type { Call, Context } from './context.ts';
import { invalidField, KeypoolError } from './errors.ts';
import { type KeyCursor, writeKeyCursor } from './key-cursor.ts';
import type { KeyOrdering, Stretch } from './key-lists.ts';
import { nextTurn } from './next-turn.ts';

/** Keys read at once: what a store does for them holds up draws. */
const BATCH = 500;
/** Keys that one call looks at in the order of their ids; a page may then be short. */
const WALKED_MAX = 20_000;
/** Keys that one call puts in order at most. */
const SORTED_MAX = 100_000;

/** A page under way: what is found, `wanted` at most, and how much was looked at. */
interface Search {
  readonly context: Context;
  readonly call: Call;
  readonly ordering: KeyOrdering;
  readonly asOf: number;
  readonly found: { readonly stretch: number; readonly position: OrderedPosition }[];
  readonly wanted: number;
  walked: number;
}

type Walk = Extract<Stretch, { kind: 'walk' }>;
type Sort = Extract<Stretch, { kind: 'sort' }>;

/** Lets draws in between two batches. Error: CANCELED. */
async function breathe({ context, call }: Search): Promise<void> {
  await nextTurn(context);
  if (call.signal?.aborted === true) throw new KeypoolError('CANCELED', 'The caller has gone.');
}

/** Adds what it finds after `after`; gives the id where it stopped before the end, or null. */
async function walk(
  search: Search,
  stretch: Walk,
  index: number,
  after: string | null,
): Promise<string | null> {
  const { context, asOf, found, wanted } = search;
  for (let from = after; ; ) {
    const { filter, descending } = stretch;
    const keys = await context.store.scanKeys(filter, { after: from, descending, limit: BATCH });
    for (const key of keys) {
      if (stretch.accepts(key, asOf)) found.push({ stretch: index, position: { value: null, id: key.id } });
      if (found.length === wanted) return key.id;
    }
    search.walked += keys.length;
    from = keys.at(-1)?.id ?? from;
    if (keys.length < BATCH) return null;
    if (search.walked >= WALKED_MAX) return from;
    await breathe(search);
  }
}

async function* batchesOf(search: Search, { source, filter }: Sort): AsyncGenerator<readonly ScannedKey[]> {
  const { store } = search.context;
  let after: string | null = null;
  for (let looked = 0; looked <= SORTED_MAX; looked += BATCH) {
    if (source === 'unwell') {
      const page: Page<ScannedKey> = await store.listUnwellKeys(filter, { after, limit: BATCH });
      if (looked === SORTED_MAX && page.items.length > 0) break;
      yield page.items;
      after = page.next;
      if (after === null) return;
    } else {
      const keys: readonly ScannedKey[] = await store.scanKeys(filter, {
        after,
        descending: false,
        limit: BATCH,
      });
      if (looked === SORTED_MAX && keys.length > 0) break;
      yield keys;
      if (keys.length < BATCH) return;
      after = keys.at(-1)?.id ?? null;
    }
    await breathe(search);
  }
  throw invalidField(
    'orderBy',
    `more than ${SORTED_MAX} keys would have to be put in order; ask for fewer of them`,
  );
}

/** Puts `position` where it belongs in a sorted list of `max` at most. */
function insertSorted(
  list: OrderedPosition[],
  position: OrderedPosition,
  compare: (a: OrderedPosition, b: OrderedPosition) => number,
  max: number,
): void {
  const last = list.at(-1);
  if (list.length === max && last !== undefined && compare(position, last) >= 0) return;
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = list[middle];
    if (there !== undefined && compare(there, position) < 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, position);
  if (list.length > max) list.pop();
}

/** Adds the first after `after` of all that the stretch holds. */
async function sort(
  search: Search,
  stretch: Sort,
  index: number,
  after: OrderedPosition | null,
): Promise<void> {
  const { ordering, asOf, found, wanted } = search;
  const compare = comparePositions(ordering.by, ordering.descending);
  const first: OrderedPosition[] = [];
  const max = wanted - found.length;
  for await (const keys of batchesOf(search, stretch))
    for (const key of keys) {
      if (!stretch.accepts(key, asOf)) continue;
      const position = { value: orderValue(key, ordering.by, asOf), id: key.id };
      if (after === null || compare(position, after) > 0) insertSorted(first, position, compare, max);
    }
  found.push(...first.map((position) => ({ stretch: index, position })));
}

/**
 * Ids of the next `limit` keys of a list, as all of them were ordered at the cursor's moment. Each key that is not changed
 * while the list is followed is given once. Errors: INVALID_FIELD, CANCELED, those of the store.
 */
export async function readOrderedIds(
  context: Context,
  call: Call,
  list: { readonly stretches: readonly Stretch[]; readonly ordering: KeyOrdering },
  { cursor, limit }: { readonly cursor: KeyCursor; readonly limit: number },
): Promise<Page<string>> {
  const { ordering, stretches } = list;
  const search: Search = {
    context,
    call,
    ordering,
    asOf: cursor.asOf,
    found: [],
    wanted: limit + 1,
    walked: 0,
  };
  const { found } = search;
  let stopped: KeyCursor | null = null;
  for (const [index, stretch] of stretches.entries()) {
    if (index < cursor.stretch) continue;
    const after = index === cursor.stretch ? cursor.position : null;
    if (stretch.kind === 'sort') await sort(search, stretch, index, after);
    else {
      const at = await walk(search, stretch, index, after?.id ?? null);
      if (at !== null) stopped = { asOf: cursor.asOf, stretch: index, position: { value: null, id: at } };
    }
    if (stopped !== null || found.length > limit) break;
  }
  const items = found.slice(0, limit).map(({ position }) => position.id);
  const last = found.length > limit ? found[limit - 1] : undefined;
  if (last !== undefined) stopped = { asOf: cursor.asOf, ...last };
  return { items, next: stopped === null ? null : writeKeyCursor(stopped) };
}
