import type { Consumer } from '../model/consumer.ts';
import { StoreError } from '../store/errors.ts';
import type { Edit } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { editedGrants, type GrantInput } from './edit-grants.ts';
import { consumerNotFound, tierNotFound } from './not-found.ts';
import { fromStore, stored } from './store-errors.ts';

/** Granting twice changes nothing more. Errors: ADMIN_REQUIRED, CONSUMER_NOT_FOUND, TIER_NOT_FOUND. */
export async function grantTier(context: Context, call: Call, input: GrantInput): Promise<Consumer> {
  requireAdmin(call.identity, 'write');
  const { consumerId, tierId } = input;

  function edit(consumer: Consumer): Edit<Consumer> {
    if (consumer.grantedTierIds.includes(tierId)) return { row: consumer, event: null };
    return editedGrants(context, call, {
      action: 'GrantTier',
      consumer,
      grantedTierIds: [...consumer.grantedTierIds, tierId],
      change: { before: null, after: JSON.stringify(tierId) },
    });
  }

  try {
    return await context.store.editConsumer(consumerId, edit);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'not-found') throw fromStore(error);
    // One of the two is missing; the store does not say which.
    const consumer = await stored(context.store.getConsumer(consumerId));
    throw consumer === null ? consumerNotFound(consumerId) : tierNotFound(tierId);
  }
}
