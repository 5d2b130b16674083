import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import type { DeleteInput } from './delete-input.ts';
import { describeConsumer } from './describe-consumer.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { consumerNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** Its token and grants go with it, its usage events stay. Errors: ADMIN_REQUIRED, CONSUMER_NOT_FOUND, ETAG_MISMATCH. */
export async function deleteConsumer(context: Context, call: Call, input: DeleteInput): Promise<void> {
  requireAdmin(call.identity, 'write');
  const deleting = context.store.deleteConsumer(input.id, (consumer) => {
    checkEtag(input.etag, consumer.version);
    return adminEvent(context, call, {
      action: 'DeleteConsumer',
      resourceType: 'consumer',
      resourceId: consumer.id,
      changes: changesBetween(
        { ...describeConsumer(consumer), granted_tier_ids: consumer.grantedTierIds },
        null,
      ),
    });
  });
  await stored(deleting, { 'not-found': () => consumerNotFound(input.id) });
}
