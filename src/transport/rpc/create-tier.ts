import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { createTier } from '../../domain/create-tier.ts';
import { callOf } from '../call.ts';
import { required } from '../convert/required.ts';
import { fromTier, toFeatures } from '../convert/tier.ts';
import { toPolicy } from '../convert/tier-policy.ts';
import type { Rpc } from './rpc.ts';

export const createTierRpc: Rpc<typeof AdminService.method.createTier> =
  (context) => async (request, handler) => {
    const message = required(request.tier, 'tier');
    const { id, description, features } = message;
    const tier = await createTier(context, callOf(handler), {
      id,
      description,
      features: toFeatures(features),
      policy: toPolicy(message),
    });
    return { tier: fromTier(tier) };
  };
