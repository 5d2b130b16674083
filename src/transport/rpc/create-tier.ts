import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { createTier } from '../../domain/create-tier.ts';
import { callOf } from '../call.ts';
import { required } from '../convert/required.ts';
import { fromTier, toFeatures } from '../convert/tier.ts';
import type { Rpc } from './rpc.ts';

export const createTierRpc: Rpc<typeof AdminService.method.createTier> =
  (context) => async (request, handler) => {
    const { id, description, features } = required(request.tier, 'tier');
    const tier = await createTier(context, callOf(handler), {
      id,
      description,
      features: toFeatures(features),
    });
    return { tier: fromTier(tier) };
  };
