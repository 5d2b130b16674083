import type { Consumer } from '../model/consumer.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkConsumer } from './check-consumer.ts';
import { refuseIfAny } from './check-field.ts';
import type { ConsumerFields } from './consumer-fields.ts';
import type { Call, Context } from './context.ts';
import { describeConsumer } from './describe-consumer.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { consumerNotFound } from './not-found.ts';
import { refuseRevoked } from './revoke-consumer.ts';
import { stored } from './store-errors.ts';

export interface UpdateConsumerInput {
  readonly id: string;
  /** Null for no check. */
  readonly etag: string | null;
  /** Only what is to change. */
  readonly changes: ConsumerFields;
}

function changed(consumer: Consumer, fields: ConsumerFields): Consumer {
  const { creditsPerMinute, expireAt } = fields;
  return {
    ...consumer,
    name: fields.name ?? consumer.name,
    description: fields.description ?? consumer.description,
    owner: fields.owner ?? consumer.owner,
    scopes: fields.scopes ?? consumer.scopes,
    allowedIps: fields.allowedIps ?? consumer.allowedIps,
    creditsPerMinute: creditsPerMinute === undefined ? consumer.creditsPerMinute : creditsPerMinute,
    creditLimits: fields.creditLimits ?? consumer.creditLimits,
    state: fields.state ?? consumer.state,
    expireAt: expireAt === undefined ? consumer.expireAt : expireAt,
  };
}

/**
 * Every process heeds it within 2 s. An update that changes nothing writes nothing.
 * Errors: ADMIN_REQUIRED, INVALID_FIELD, CONSUMER_NOT_FOUND, CONSUMER_REVOKED, ETAG_MISMATCH.
 */
export async function updateConsumer(
  context: Context,
  call: Call,
  input: UpdateConsumerInput,
): Promise<Consumer> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkConsumer(input.changes));

  function edit(consumer: Consumer): Edit<Consumer> {
    checkEtag(input.etag, consumer.version);
    // A token that was withdrawn for good does not come back.
    if (input.changes.state !== undefined) refuseRevoked(consumer);
    const row = changed(consumer, input.changes);
    const changes = changesBetween(describeConsumer(consumer), describeConsumer(row));
    if (changes.length === 0) return { row: consumer, event: null };
    const event = adminEvent(context, call, {
      action: 'UpdateConsumer',
      resourceType: 'consumer',
      resourceId: consumer.id,
      changes,
    });
    return { row: { ...row, version: consumer.version + 1, updatedAt: event.at }, event };
  }

  return stored(context.store.editConsumer(input.id, edit), {
    'not-found': () => consumerNotFound(input.id),
  });
}
