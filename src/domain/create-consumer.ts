import type { Consumer } from '../model/consumer.ts';
import { createToken, tokenHash } from '../model/token.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkConsumer } from './check-consumer.ts';
import { refuseIfAny } from './check-field.ts';
import type { NewConsumer } from './consumer-fields.ts';
import type { Call, Context } from './context.ts';
import { describeConsumer } from './describe-consumer.ts';
import { changesBetween, SECRET_CHANGED } from './field-changes.ts';
import { stored } from './store-errors.ts';

export interface CreatedConsumer {
  readonly consumer: Consumer;
  /** Shown this once; only its hash is kept. */
  readonly token: string;
}

/** Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function createConsumer(
  context: Context,
  call: Call,
  input: { readonly consumer: NewConsumer },
): Promise<CreatedConsumer> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkConsumer(input.consumer));
  const token = createToken(context.tokenPrefix, input.consumer.environment, context.randomBytes);
  const now = context.store.now();
  const consumer: Consumer = {
    ...input.consumer,
    id: context.newId(),
    tokenHash: tokenHash(token),
    grantedTierIds: [],
    lastUsedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  const event = adminEvent(context, call, {
    action: 'CreateConsumer',
    resourceType: 'consumer',
    resourceId: consumer.id,
    changes: changesBetween(null, { ...describeConsumer(consumer), token: SECRET_CHANGED }),
  });
  await stored(context.store.createConsumer(consumer, event));
  return { consumer, token };
}
