import type { Webhook } from '../model/webhook.ts';
import type { Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** In the order of creation. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listWebhooks(context: Context, call: Call, input: ListInput): Promise<Page<Webhook>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listWebhooks(pageRequestOf(input)), PAGE_REFUSALS);
}
