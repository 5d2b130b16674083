import type { QuotaGroup } from '../model/quota-group.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import { checkQuotaGroup, type QuotaGroupFields } from './check-quota-group.ts';
import type { Call, Context } from './context.ts';
import { describeQuotaGroup } from './describe-quota-group.ts';
import { editBudgets } from './edit-budgets.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { quotaGroupNotFound } from './not-found.ts';
import { type QuotaGroupView, viewQuotaGroup } from './quota-group-view.ts';
import { stored } from './store-errors.ts';

export interface UpdateQuotaGroupInput {
  readonly id: string;
  /** Null for no check. */
  readonly etag: string | null;
  /** Only what is to change. */
  readonly changes: Partial<QuotaGroupFields>;
}

/**
 * The next draw heeds it. A limit or budget whose window stays keeps what it has counted. An update that changes nothing
 * writes nothing. Errors: ADMIN_REQUIRED, INVALID_FIELD, QUOTA_GROUP_NOT_FOUND, ETAG_MISMATCH.
 */
export async function updateQuotaGroup(
  context: Context,
  call: Call,
  input: UpdateQuotaGroupInput,
): Promise<QuotaGroupView> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkQuotaGroup(input.changes));
  const { description, limits, budgets } = input.changes;

  function edit(group: QuotaGroup, now: number): Edit<QuotaGroup> {
    checkEtag(input.etag, group.version);
    const row: QuotaGroup = {
      ...group,
      description: description ?? group.description,
      limits: limits ?? group.limits,
      ...(budgets === undefined ? {} : editBudgets(group, budgets, now)),
    };
    const changes = changesBetween(describeQuotaGroup(group), describeQuotaGroup(row));
    if (changes.length === 0) return { row: group, event: null };
    const event = adminEvent(context, call, {
      action: 'UpdateQuotaGroup',
      resourceType: 'quota_group',
      resourceId: group.id,
      changes,
    });
    return {
      row: { ...row, version: group.version + 1, updatedAt: now },
      event: { ...event, at: now },
    };
  }

  const row = await stored(context.store.editGroup(input.id, edit), {
    'not-found': () => quotaGroupNotFound(input.id),
  });
  return viewQuotaGroup(row, context.store.now());
}
