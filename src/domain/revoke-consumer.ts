import type { Consumer } from '../model/consumer.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkLine, must, refuseIfAny, type Violations } from './check-field.ts';
import type { Call, Context } from './context.ts';
import { describeConsumer } from './describe-consumer.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import { consumerNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

const REASON_MAX = 500;

/** Refuses what a revoked consumer has no use for any more. Error: CONSUMER_REVOKED. */
export function refuseRevoked(consumer: Consumer): void {
  if (consumer.state !== 'revoked') return;
  throw new KeypoolError(
    'CONSUMER_REVOKED',
    `Consumer ${consumer.id} was revoked for good. Create another one.`,
    { metadata: { consumer_id: consumer.id } },
  );
}

function checkReason(reason: string): void {
  const violations: Violations = [];
  must(reason.trim() !== '', violations, 'reason', 'say why; it is kept with the consumer');
  checkLine(reason, REASON_MAX, violations, 'reason');
  refuseIfAny(violations);
}

/**
 * Withdraws its tokens for good; every process heeds it within 2 s. Revoking twice changes nothing more: the first
 * reason stays. Errors: ADMIN_REQUIRED, INVALID_FIELD, CONSUMER_NOT_FOUND.
 */
export async function revokeConsumer(
  context: Context,
  call: Call,
  input: { readonly id: string; readonly reason: string },
): Promise<Consumer> {
  requireAdmin(call.identity, 'write');
  const { id, reason } = input;
  checkReason(reason);

  function edit(consumer: Consumer): Edit<Consumer> {
    if (consumer.state === 'revoked') return { row: consumer, event: null };
    const now = context.store.now();
    const row: Consumer = {
      ...consumer,
      state: 'revoked',
      revocation: { reason, at: now },
      version: consumer.version + 1,
      updatedAt: now,
    };
    const event = adminEvent(context, call, {
      action: 'RevokeConsumer',
      resourceType: 'consumer',
      resourceId: id,
      changes: changesBetween(describeConsumer(consumer), describeConsumer(row)),
    });
    return { row, event };
  }

  return stored(context.store.editConsumer(id, edit), { 'not-found': () => consumerNotFound(id) });
}
