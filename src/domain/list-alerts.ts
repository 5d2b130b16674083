import type { AlertFilter, ListedAlert, Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

export type { AlertFilter, ListedAlert } from '../store/port.ts';

/** Newest first. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listAlerts(
  context: Context,
  call: Call,
  input: ListInput & { readonly filter: AlertFilter },
): Promise<Page<ListedAlert>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listAlerts(input.filter, pageRequestOf(input)), PAGE_REFUSALS);
}
