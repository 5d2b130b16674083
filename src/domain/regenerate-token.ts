import type { Consumer } from '../model/consumer.ts';
import { createToken, tokenHash } from '../model/token.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkInteger, refuseIfAny, type Violations } from './check-field.ts';
import type { Call, Context } from './context.ts';
import { checkEtag } from './etag.ts';
import { changesBetween, SECRET_CHANGED, timeText } from './field-changes.ts';
import { consumerNotFound } from './not-found.ts';
import { refuseRevoked } from './revoke-consumer.ts';
import { stored } from './store-errors.ts';

export interface RegenerateTokenInput {
  readonly id: string;
  /** Null for no check. */
  readonly etag: string | null;
  /** How long the token that is replaced is still accepted, in ms: 0 to {@link GRACE_MAX_MS}. */
  readonly graceMs: number;
}

export interface RegeneratedToken {
  readonly consumer: Consumer;
  /** Shown this once; only its hash is kept. */
  readonly token: string;
  /** From this moment (ms) on the token before is refused. */
  readonly previousExpireAt: number;
}

/** 90 days. */
export const GRACE_MAX_MS = 90 * 86_400_000;

function checkGrace(graceMs: number): void {
  const violations: Violations = [];
  checkInteger(graceMs, 0, GRACE_MAX_MS, violations, 'gracePeriod');
  refuseIfAny(violations);
}

function replaced(consumer: Consumer, hash: string, expireAt: number, now: number): Consumer {
  return {
    ...consumer,
    tokenHash: hash,
    previousToken: expireAt > now ? { hash: consumer.tokenHash, expireAt } : null,
    version: consumer.version + 1,
    updatedAt: now,
  };
}

/**
 * Gives a consumer a new token. The one before is accepted for the grace period; one before that is not any more, were
 * it in a grace period itself. What else the consumer is stays, its expiry included.
 * Errors: ADMIN_REQUIRED, INVALID_FIELD, CONSUMER_NOT_FOUND, CONSUMER_REVOKED, ETAG_MISMATCH.
 */
export async function regenerateToken(
  context: Context,
  call: Call,
  { id, etag, graceMs }: RegenerateTokenInput,
): Promise<RegeneratedToken> {
  requireAdmin(call.identity, 'write');
  checkGrace(graceMs);
  const known = await stored(context.store.getConsumer(id));
  if (known === null) throw consumerNotFound(id);
  // The environment stands in the token and never changes.
  const token = createToken(context.tokenPrefix, known.environment, context.randomBytes);
  const hash = tokenHash(token);

  function edit(consumer: Consumer): Edit<Consumer> {
    refuseRevoked(consumer);
    checkEtag(etag, consumer.version);
    const now = context.store.now();
    const previousExpireAt = timeText(now + graceMs);
    const changes = changesBetween(
      { token: null, previous_token_expire_time: null },
      { token: SECRET_CHANGED, previous_token_expire_time: previousExpireAt },
    );
    const action = { action: 'RegenerateToken', resourceType: 'consumer', resourceId: id, changes } as const;
    return { row: replaced(consumer, hash, now + graceMs, now), event: adminEvent(context, call, action) };
  }

  const consumer = await stored(context.store.editConsumer(id, edit), {
    'not-found': () => consumerNotFound(id),
  });
  return { consumer, token, previousExpireAt: consumer.updatedAt + graceMs };
}
