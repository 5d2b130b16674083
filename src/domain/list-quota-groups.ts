import type { Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { type QuotaGroupView, viewQuotaGroup } from './quota-group-view.ts';
import { stored } from './store-errors.ts';

/** Ordered by id. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listQuotaGroups(
  context: Context,
  call: Call,
  input: ListInput,
): Promise<Page<QuotaGroupView>> {
  requireAdmin(call.identity, 'read');
  const page = await stored(context.store.listGroups(pageRequestOf(input)), PAGE_REFUSALS);
  const now = context.store.now();
  return { items: page.items.map((group) => viewQuotaGroup(group, now)), next: page.next };
}
