import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import type { DeleteInput } from './delete-input.ts';
import { describeTier } from './describe-tier.ts';
import { KeypoolError } from './errors.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { tierNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

function tierNotEmpty(id: string): KeypoolError {
  return new KeypoolError('TIER_NOT_EMPTY', `Tier ${id} still has keys. Delete its keys first.`, {
    metadata: { tier_id: id },
  });
}

/** How many of the consumers that lose their grant the audit names; of all of them it tells the count. */
const NAMED_MAX = 1000;

/** Grants to it go with it. Errors: ADMIN_REQUIRED, TIER_NOT_FOUND, TIER_NOT_EMPTY, ETAG_MISMATCH. */
export async function deleteTier(context: Context, call: Call, input: DeleteInput): Promise<void> {
  requireAdmin(call.identity, 'write');
  const deleting = context.store.deleteTier(input.id, (tier, consumerIds) => {
    checkEtag(input.etag, tier.revision);
    const granted = {
      granted_consumer_ids: consumerIds.slice(0, NAMED_MAX),
      granted_consumer_count: consumerIds.length === 0 ? null : consumerIds.length,
    };
    return adminEvent(context, call, {
      action: 'DeleteTier',
      resourceType: 'tier',
      resourceId: tier.id,
      changes: changesBetween({ ...describeTier(tier), ...granted }, null),
    });
  });
  await stored(deleting, {
    'not-found': () => tierNotFound(input.id),
    'not-empty': () => tierNotEmpty(input.id),
  });
}
