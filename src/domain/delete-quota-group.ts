import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import type { DeleteInput } from './delete-input.ts';
import { describeQuotaGroup } from './describe-quota-group.ts';
import { KeypoolError } from './errors.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { quotaGroupNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

function quotaGroupNotEmpty(id: string): KeypoolError {
  return new KeypoolError(
    'QUOTA_GROUP_NOT_EMPTY',
    `Quota group ${id} still has keys. Take them out of it, or delete them, first.`,
    { metadata: { quota_group_id: id } },
  );
}

/** Errors: ADMIN_REQUIRED, QUOTA_GROUP_NOT_FOUND, QUOTA_GROUP_NOT_EMPTY, ETAG_MISMATCH. */
export async function deleteQuotaGroup(context: Context, call: Call, input: DeleteInput): Promise<void> {
  requireAdmin(call.identity, 'write');
  const deleting = context.store.deleteGroup(input.id, (group) => {
    checkEtag(input.etag, group.version);
    return adminEvent(context, call, {
      action: 'DeleteQuotaGroup',
      resourceType: 'quota_group',
      resourceId: group.id,
      changes: changesBetween(describeQuotaGroup(group), null),
    });
  });
  await stored(deleting, {
    'not-found': () => quotaGroupNotFound(input.id),
    'not-empty': () => quotaGroupNotEmpty(input.id),
  });
}
