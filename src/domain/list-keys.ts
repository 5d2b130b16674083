import type { Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { invalidField } from './errors.ts';
import { readKeyCursor } from './key-cursor.ts';
import { isPlainList, type KeyOrdering, type ListedKeys, needsTier, stretchesOf } from './key-lists.ts';
import { type KeyView, viewKey } from './key-view.ts';
import { readOrderedIds } from './ordered-keys.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

export interface ListKeysInput extends ListInput {
  readonly filter: ListedKeys;
  /** In the order of creation unless given. */
  readonly ordering?: KeyOrdering;
}

const BY_CREATION: KeyOrdering = { by: 'creation', descending: false };

/** A list that the store itself does not order or filter. */
async function listOrdered(
  context: Context,
  call: Call,
  input: ListKeysInput,
  ordering: KeyOrdering,
): Promise<Page<KeyView>> {
  const { filter } = input;
  const { after, limit } = pageRequestOf(input);
  if (needsTier(filter, ordering) && filter.tierId === undefined)
    throw invalidField(
      'tierId',
      'name a tier: this order or condition is told by looking at each of its keys',
    );
  const cursor =
    after === null ? { asOf: context.store.now(), stretch: 0, position: null } : readKeyCursor(after);
  const list = { stretches: stretchesOf(filter, ordering), ordering };
  const ids = await stored(readOrderedIds(context, call, list, { cursor, limit }));
  const keys = new Map((await stored(context.store.readKeys(ids.items))).map((key) => [key.id, key]));
  const now = context.store.now();
  const items = ids.items.flatMap((id) => {
    const key = keys.get(id);
    return key === undefined ? [] : [viewKey(key, now)];
  });
  return { items, next: ids.next };
}

/**
 * In the order asked for; a page may be short where it is looked for what the store has no index of, and such a list is one
 * of the heavy calls. A key that nobody changes while the list is followed is on one page.
 * Errors: ADMIN_REQUIRED, INVALID_FIELD, HEAVY_CALLS_BUSY, CANCELED.
 */
export async function listKeys(context: Context, call: Call, input: ListKeysInput): Promise<Page<KeyView>> {
  requireAdmin(call.identity, 'read');
  const { filter, ordering = BY_CREATION } = input;
  if (!isPlainList(filter, ordering))
    return context.heavyCalls.run(call.signal, () => listOrdered(context, call, input, ordering));
  const page = await stored(context.store.listKeys(filter, pageRequestOf(input)), PAGE_REFUSALS);
  const now = context.store.now();
  return { items: page.items.map((key) => viewKey(key, now)), next: page.next };
}
