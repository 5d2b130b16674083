import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { resetKeyUsage } from '../../domain/reset-key-usage.ts';
import { callOf } from '../call.ts';
import { fromKey } from '../convert/key.ts';
import type { Rpc } from './rpc.ts';

export const resetKeyUsageRpc: Rpc<typeof AdminService.method.resetKeyUsage> =
  (context) => async (request, handler) => {
    return { key: fromKey(await resetKeyUsage(context, callOf(handler), { id: request.id })) };
  };
