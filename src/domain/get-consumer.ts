import type { Consumer } from '../model/consumer.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { consumerNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** Errors: ADMIN_REQUIRED, CONSUMER_NOT_FOUND. */
export async function getConsumer(
  context: Context,
  call: Call,
  input: { readonly id: string },
): Promise<Consumer> {
  requireAdmin(call.identity, 'read');
  const consumer = await stored(context.store.getConsumer(input.id));
  if (consumer === null) throw consumerNotFound(input.id);
  return consumer;
}
