import type { AdminEvent } from '../model/audit.ts';
import type { AdminEventFilter, Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** Newest first. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listAdminEvents(
  context: Context,
  call: Call,
  input: ListInput & { readonly filter: AdminEventFilter },
): Promise<Page<AdminEvent>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listAdminEvents(input.filter, pageRequestOf(input)), PAGE_REFUSALS);
}
