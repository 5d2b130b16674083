import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { testWebhook } from '../../domain/test-webhook.ts';
import { callOf } from '../call.ts';
import type { Rpc } from './rpc.ts';

export const testWebhookRpc: Rpc<typeof AdminService.method.testWebhook> =
  (context) =>
  async ({ id }, handler) => {
    const problem = await testWebhook(context, callOf(handler), { id });
    return { delivered: problem === null, problem: problem ?? '' };
  };
