import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { deleteWebhook } from '../../domain/delete-webhook.ts';
import { callOf } from '../call.ts';
import { etagOrNull } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const deleteWebhookRpc: Rpc<typeof AdminService.method.deleteWebhook> =
  (context) =>
  async ({ id, etag }, handler) => {
    await deleteWebhook(context, callOf(handler), { id, etag: etagOrNull(etag) });
    return {};
  };
