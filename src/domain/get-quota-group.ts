import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { quotaGroupNotFound } from './not-found.ts';
import { type QuotaGroupView, viewQuotaGroup } from './quota-group-view.ts';
import { stored } from './store-errors.ts';

/** Errors: ADMIN_REQUIRED, QUOTA_GROUP_NOT_FOUND. */
export async function getQuotaGroup(
  context: Context,
  call: Call,
  input: { readonly id: string },
): Promise<QuotaGroupView> {
  requireAdmin(call.identity, 'read');
  const group = await stored(context.store.getGroup(input.id));
  if (group === null) throw quotaGroupNotFound(input.id);
  return viewQuotaGroup(group, context.store.now());
}
