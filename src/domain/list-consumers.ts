import type { Consumer } from '../model/consumer.ts';
import type { ConsumerFilter, Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** In the order of creation. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listConsumers(
  context: Context,
  call: Call,
  input: ListInput & { readonly filter: ConsumerFilter },
): Promise<Page<Consumer>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listConsumers(input.filter, pageRequestOf(input)), PAGE_REFUSALS);
}
