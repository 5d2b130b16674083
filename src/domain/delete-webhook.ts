import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import type { DeleteInput } from './delete-input.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { webhookNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';
import { describeWebhook } from './webhook-fields.ts';

/** What was still to be sent to it goes with it. Errors: ADMIN_REQUIRED, WEBHOOK_NOT_FOUND, ETAG_MISMATCH. */
export async function deleteWebhook(context: Context, call: Call, input: DeleteInput): Promise<void> {
  requireAdmin(call.identity, 'write');
  const deleting = context.store.deleteWebhook(input.id, (webhook) => {
    checkEtag(input.etag, webhook.version);
    return adminEvent(context, call, {
      action: 'DeleteWebhook',
      resourceType: 'webhook',
      resourceId: webhook.id,
      changes: changesBetween(describeWebhook(webhook), null),
    });
  });
  await stored(deleting, { 'not-found': () => webhookNotFound(input.id) });
}
