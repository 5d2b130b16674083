import type { Consumer } from '../model/consumer.ts';
import type { Edit } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { editedGrants, type GrantInput } from './edit-grants.ts';
import { KeypoolError } from './errors.ts';
import { consumerNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

function grantNotFound({ consumerId, tierId }: GrantInput): KeypoolError {
  return new KeypoolError(
    'GRANT_NOT_FOUND',
    `Consumer ${consumerId} has no grant of tier ${tierId}. Its grants are in GetConsumer.`,
    { metadata: { consumer_id: consumerId, tier_id: tierId } },
  );
}

/** Errors: ADMIN_REQUIRED, CONSUMER_NOT_FOUND, GRANT_NOT_FOUND. */
export async function revokeGrant(context: Context, call: Call, input: GrantInput): Promise<Consumer> {
  requireAdmin(call.identity, 'write');

  function edit(consumer: Consumer): Edit<Consumer> {
    if (!consumer.grantedTierIds.includes(input.tierId)) throw grantNotFound(input);
    return editedGrants(context, call, {
      action: 'RevokeGrant',
      consumer,
      grantedTierIds: consumer.grantedTierIds.filter((id) => id !== input.tierId),
      change: { before: JSON.stringify(input.tierId), after: null },
    });
  }

  return stored(context.store.editConsumer(input.consumerId, edit), {
    'not-found': () => consumerNotFound(input.consumerId),
  });
}
