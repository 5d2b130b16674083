import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { grantTier } from '../../domain/grant-tier.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import type { Rpc } from './rpc.ts';

export const grantTierRpc: Rpc<typeof AdminService.method.grantTier> =
  (context) => async (request, handler) => {
    const { consumerId, tierId } = request;
    return { consumer: fromConsumer(await grantTier(context, callOf(handler), { consumerId, tierId })) };
  };
