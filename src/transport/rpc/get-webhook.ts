import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { getWebhook } from '../../domain/get-webhook.ts';
import { callOf } from '../call.ts';
import { fromWebhook } from '../convert/webhook.ts';
import type { Rpc } from './rpc.ts';

export const getWebhookRpc: Rpc<typeof AdminService.method.getWebhook> =
  (context) =>
  async ({ id }, handler) => ({ webhook: fromWebhook(await getWebhook(context, callOf(handler), { id })) });
