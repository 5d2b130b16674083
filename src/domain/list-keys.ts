import type { KeyFilter, Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type KeyView, viewKey } from './key-view.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** In the order of creation. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listKeys(
  context: Context,
  call: Call,
  input: ListInput & { readonly filter: KeyFilter },
): Promise<Page<KeyView>> {
  requireAdmin(call.identity, 'read');
  const page = await stored(context.store.listKeys(input.filter, pageRequestOf(input)), PAGE_REFUSALS);
  const now = context.store.now();
  return { items: page.items.map((key) => viewKey(key, now)), next: page.next };
}
