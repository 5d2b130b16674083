import type { MessageInitShape } from '@bufbuild/protobuf';
import type { WebhookStatusSchema } from '../../../gen/keypool/v1/status_messages_pb.ts';
import type {
  WebhookHealthSchema,
  Webhook as WebhookMessage,
  WebhookSchema,
} from '../../../gen/keypool/v1/webhook_pb.ts';
import type { WebhookStatus } from '../../domain/alert-status.ts';
import { etagOf } from '../../domain/etag.ts';
import type { WebhookFields } from '../../domain/webhook-fields.ts';
import type { Webhook, WebhookHealth } from '../../model/webhook.ts';
import { fromAlertKind, toAlertKind } from './alert.ts';
import { optionalTimestamp, timestampFrom } from './time.ts';

export function toAlertKinds({ kinds }: Pick<WebhookMessage, 'kinds'>): WebhookFields['kinds'] {
  return kinds.flatMap((kind) => toAlertKind(kind) ?? []);
}

export function toNewWebhook(webhook: WebhookMessage): WebhookFields {
  const { url, description } = webhook;
  return { url, description, kinds: toAlertKinds(webhook) };
}

function fromHealth(health: WebhookHealth): MessageInitShape<typeof WebhookHealthSchema> {
  return {
    lastDeliveryTime: optionalTimestamp(health.deliveredAt),
    lastFailureTime: optionalTimestamp(health.failedAt),
    lastProblem: health.problem,
    failuresInRow: health.failuresInRow,
  };
}

export function fromWebhook(webhook: Webhook): MessageInitShape<typeof WebhookSchema> {
  return {
    id: webhook.id,
    url: webhook.url,
    description: webhook.description,
    kinds: webhook.kinds.map(fromAlertKind),
    health: fromHealth(webhook.health),
    previousSecretExpireTime: optionalTimestamp(webhook.previousSecret?.until ?? null),
    createTime: timestampFrom(webhook.createdAt),
    updateTime: timestampFrom(webhook.updatedAt),
    etag: etagOf(webhook.version),
  };
}

export function fromWebhookStatus(status: WebhookStatus): MessageInitShape<typeof WebhookStatusSchema> {
  const { webhookId, origin, pending, failed, health } = status;
  return { webhookId, origin, pending, failed, health: fromHealth(health) };
}
