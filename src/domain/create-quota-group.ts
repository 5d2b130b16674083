import type { QuotaGroup } from '../model/quota-group.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import { checkQuotaGroup, type QuotaGroupFields } from './check-quota-group.ts';
import type { Call, Context } from './context.ts';
import { describeQuotaGroup } from './describe-quota-group.ts';
import { newBudgets } from './edit-budgets.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import { type QuotaGroupView, viewQuotaGroup } from './quota-group-view.ts';
import { stored } from './store-errors.ts';

export interface CreateQuotaGroupInput extends QuotaGroupFields {
  /** The user's slug, `[a-z0-9_-]{1,63}`. */
  readonly id: string;
}

function quotaGroupExists(id: string): KeypoolError {
  return new KeypoolError(
    'QUOTA_GROUP_EXISTS',
    `There is a quota group ${id} already. Choose another id, or update it.`,
    { metadata: { quota_group_id: id } },
  );
}

/** Errors: ADMIN_REQUIRED, INVALID_FIELD, QUOTA_GROUP_EXISTS. */
export async function createQuotaGroup(
  context: Context,
  call: Call,
  input: CreateQuotaGroupInput,
): Promise<QuotaGroupView> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkQuotaGroup(input));
  const now = context.store.now();
  const group: QuotaGroup = {
    id: input.id,
    description: input.description,
    limits: input.limits,
    meters: {},
    ...newBudgets(input.budgets, now),
    open: [],
    takenAt: 0,
    applied: [],
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  const event = adminEvent(context, call, {
    action: 'CreateQuotaGroup',
    resourceType: 'quota_group',
    resourceId: group.id,
    changes: changesBetween(null, describeQuotaGroup(group)),
  });
  await stored(context.store.createGroup(group, event), { exists: () => quotaGroupExists(group.id) });
  return viewQuotaGroup(group, now);
}
