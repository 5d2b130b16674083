import type { UsageEvent } from '../model/audit.ts';
import type { Page, UsageFilter } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** Draws, verifications and recorded uses, newest first; shows each draw within 2 s. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listUsageEvents(
  context: Context,
  call: Call,
  input: ListInput & { readonly filter: UsageFilter },
): Promise<Page<UsageEvent>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listUsageEvents(input.filter, pageRequestOf(input)), PAGE_REFUSALS);
}
