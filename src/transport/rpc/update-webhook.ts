import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { updateWebhook } from '../../domain/update-webhook.ts';
import type { WebhookFields } from '../../domain/webhook-fields.ts';
import { callOf } from '../call.ts';
import { maskedChanges } from '../convert/field-mask.ts';
import { etagOrNull, required } from '../convert/required.ts';
import { fromWebhook, toAlertKinds } from '../convert/webhook.ts';
import type { Rpc } from './rpc.ts';

export const updateWebhookRpc: Rpc<typeof AdminService.method.updateWebhook> =
  (context) => async (request, handler) => {
    const message = required(request.webhook, 'webhook');
    const changes = maskedChanges<WebhookFields>(request.updateMask, {
      url: () => ({ url: message.url }),
      description: () => ({ description: message.description }),
      kinds: () => ({ kinds: toAlertKinds(message) }),
    });
    const { rotateSecret } = request;
    const input = { id: message.id, etag: etagOrNull(message.etag), changes, rotateSecret };
    const { webhook, secret } = await updateWebhook(context, callOf(handler), input);
    return { webhook: fromWebhook(webhook), secret: secret ?? '' };
  };
