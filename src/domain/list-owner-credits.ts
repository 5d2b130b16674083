import type { OwnerCredits } from '../model/credit.ts';
import type { Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** In the order of the owners. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listOwnerCredits(
  context: Context,
  call: Call,
  input: ListInput,
): Promise<Page<OwnerCredits>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listOwnerCredits(pageRequestOf(input)), PAGE_REFUSALS);
}
