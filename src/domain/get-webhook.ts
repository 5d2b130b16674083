import type { Webhook } from '../model/webhook.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { webhookNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** Errors: ADMIN_REQUIRED, WEBHOOK_NOT_FOUND. */
export async function getWebhook(
  context: Context,
  call: Call,
  { id }: { readonly id: string },
): Promise<Webhook> {
  requireAdmin(call.identity, 'read');
  const webhook = await stored(context.store.getWebhook(id));
  if (webhook === null) throw webhookNotFound(id);
  return webhook;
}
