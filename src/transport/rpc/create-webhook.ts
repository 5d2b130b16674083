import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { createWebhook } from '../../domain/create-webhook.ts';
import { callOf } from '../call.ts';
import { required } from '../convert/required.ts';
import { fromWebhook, toNewWebhook } from '../convert/webhook.ts';
import type { Rpc } from './rpc.ts';

export const createWebhookRpc: Rpc<typeof AdminService.method.createWebhook> =
  (context) => async (request, handler) => {
    const input = { webhook: toNewWebhook(required(request.webhook, 'webhook')) };
    const { webhook, secret } = await createWebhook(context, callOf(handler), input);
    return { webhook: fromWebhook(webhook), secret };
  };
