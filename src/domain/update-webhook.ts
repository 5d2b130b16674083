import type { Webhook } from '../model/webhook.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import type { Call, Context } from './context.ts';
import { checkEtag } from './etag.ts';
import { changesBetween, SECRET_CHANGED } from './field-changes.ts';
import { webhookNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';
import { checkWebhook, describeWebhook, pathChange, type WebhookFields } from './webhook-fields.ts';
import { newWebhookSecret, sealProblem, webhookSecretPlace } from './webhook-sender.ts';

export interface UpdateWebhookInput {
  readonly id: string;
  /** Null for no check. */
  readonly etag: string | null;
  /** Only what is to change. */
  readonly changes: Partial<WebhookFields>;
  readonly rotateSecret: boolean;
}

export interface UpdatedWebhook {
  readonly webhook: Webhook;
  /** The new secret, shown this once; null unless one was asked for. */
  readonly secret: string | null;
}

/** How long a secret signs besides the one that took its place, in ms. */
const PREVIOUS_SECRET_MS = 86_400_000;

function opens({ sealer }: Context, { id, secret }: Webhook): boolean {
  try {
    sealer.open(secret, webhookSecretPlace(id));
    return true;
  } catch (error) {
    return sealProblem(error) === '';
  }
}

/**
 * The next attempt heeds it. An update that changes nothing writes nothing.
 * Errors: ADMIN_REQUIRED, INVALID_FIELD, WEBHOOK_NOT_FOUND, ETAG_MISMATCH.
 */
export async function updateWebhook(
  context: Context,
  call: Call,
  input: UpdateWebhookInput,
): Promise<UpdatedWebhook> {
  requireAdmin(call.identity, 'write');
  const { id, changes, rotateSecret } = input;
  refuseIfAny(checkWebhook(context, changes));
  const secret = rotateSecret ? newWebhookSecret(context.randomBytes) : null;

  function withSecret(webhook: Webhook): Webhook {
    if (secret === null) return webhook;
    const until = context.store.now() + PREVIOUS_SECRET_MS;
    return {
      ...webhook,
      secret: context.sealer.seal(secret, webhookSecretPlace(id)),
      // One that does not open can sign nothing any more.
      previousSecret: opens(context, webhook) ? { secret: webhook.secret, until } : null,
    };
  }

  function edit(webhook: Webhook): Edit<Webhook> {
    checkEtag(input.etag, webhook.version);
    const row = withSecret({ ...webhook, ...changes });
    const told = JSON.stringify(SECRET_CHANGED);
    const differences = [
      ...changesBetween(describeWebhook(webhook), describeWebhook(row)),
      ...pathChange(webhook.url, row.url),
      ...(secret === null ? [] : [{ field: 'secret', before: told, after: told }]),
    ];
    if (differences.length === 0) return { row: webhook, event: null };
    const event = adminEvent(context, call, {
      action: 'UpdateWebhook',
      resourceType: 'webhook',
      resourceId: id,
      changes: differences,
    });
    return { row: { ...row, version: webhook.version + 1, updatedAt: event.at }, event };
  }

  const webhook = await stored(context.store.editWebhook(id, edit), {
    'not-found': () => webhookNotFound(id),
  });
  return { webhook, secret };
}
