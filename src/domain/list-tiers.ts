import type { Tier } from '../model/tier.ts';
import type { Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** Ordered by id. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listTiers(context: Context, call: Call, input: ListInput): Promise<Page<Tier>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listTiers(pageRequestOf(input)), PAGE_REFUSALS);
}
