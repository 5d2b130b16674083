import { UNTRIED, type Webhook } from '../model/webhook.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import type { Call, Context } from './context.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween, SECRET_CHANGED } from './field-changes.ts';
import { stored } from './store-errors.ts';
import { checkWebhook, describeWebhook, type WebhookFields } from './webhook-fields.ts';
import { newWebhookSecret, webhookSecretPlace } from './webhook-sender.ts';

/** Each alert has a row for each of them. */
export const WEBHOOKS_MAX = 100;

export interface CreatedWebhook {
  readonly webhook: Webhook;
  /** Shown this once; it is kept sealed. */
  readonly secret: string;
}

async function refuseIfFull({ store }: Context): Promise<void> {
  const { items } = await stored(store.listWebhooks({ after: null, limit: WEBHOOKS_MAX }));
  if (items.length < WEBHOOKS_MAX) return;
  throw new KeypoolError(
    'WEBHOOKS_FULL',
    `There are ${WEBHOOKS_MAX} webhooks already. Delete one that is no longer needed.`,
  );
}

/** Errors: ADMIN_REQUIRED, INVALID_FIELD, WEBHOOKS_FULL. */
export async function createWebhook(
  context: Context,
  call: Call,
  input: { readonly webhook: WebhookFields },
): Promise<CreatedWebhook> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkWebhook(context, input.webhook));
  await refuseIfFull(context);
  const { sealer, store } = context;
  const id = context.newId();
  const secret = newWebhookSecret(context.randomBytes);
  const now = store.now();
  const webhook: Webhook = {
    ...input.webhook,
    id,
    secret: sealer.seal(secret, webhookSecretPlace(id)),
    previousSecret: null,
    health: UNTRIED,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  const event = adminEvent(context, call, {
    action: 'CreateWebhook',
    resourceType: 'webhook',
    resourceId: id,
    changes: changesBetween(null, { ...describeWebhook(webhook), secret: SECRET_CHANGED }),
  });
  await stored(store.createWebhook(webhook, event));
  return { webhook, secret };
}
