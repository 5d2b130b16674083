import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type KeyView, viewKey } from './key-view.ts';
import { keyNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** Errors: ADMIN_REQUIRED, KEY_NOT_FOUND. */
export async function getKey(context: Context, call: Call, input: { readonly id: string }): Promise<KeyView> {
  requireAdmin(call.identity, 'read');
  const key = await stored(context.store.getKey(input.id));
  if (key === null) throw keyNotFound(input.id);
  return viewKey(key, context.store.now());
}
