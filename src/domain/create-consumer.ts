import type { Consumer } from '../model/consumer.ts';
import { createToken, tokenHash } from '../model/token.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkConsumer } from './check-consumer.ts';
import { refuseIfAny } from './check-field.ts';
import { DEFAULT_LIFETIME_MS, DEFAULT_SCOPES, type NewConsumer } from './consumer-fields.ts';
import type { Call, Context } from './context.ts';
import { describeConsumer } from './describe-consumer.ts';
import { changesBetween, SECRET_CHANGED } from './field-changes.ts';
import { stored } from './store-errors.ts';

export interface CreatedConsumer {
  readonly consumer: Consumer;
  /** Shown this once; only its hash is kept. */
  readonly token: string;
}

/** With no scopes it gets {@link DEFAULT_SCOPES}. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function createConsumer(
  context: Context,
  call: Call,
  input: { readonly consumer: NewConsumer },
): Promise<CreatedConsumer> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkConsumer(input.consumer));
  const token = createToken(context.tokenPrefix, input.consumer.environment, context.randomBytes);
  const now = context.store.now();
  const { scopes, expireAt = now + DEFAULT_LIFETIME_MS } = input.consumer;
  const consumer: Consumer = {
    ...input.consumer,
    scopes: scopes.length === 0 ? DEFAULT_SCOPES : scopes,
    expireAt,
    id: context.newId(),
    revocation: null,
    tokenHash: tokenHash(token),
    previousToken: null,
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
