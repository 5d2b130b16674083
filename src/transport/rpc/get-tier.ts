import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { getTier } from '../../domain/get-tier.ts';
import { callOf } from '../call.ts';
import { fromTier } from '../convert/tier.ts';
import type { Rpc } from './rpc.ts';

export const getTierRpc: Rpc<typeof AdminService.method.getTier> = (context) => async (request, handler) => {
  return { tier: fromTier(await getTier(context, callOf(handler), { id: request.id })) };
};
