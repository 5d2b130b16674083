import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { type UpdateTierInput, updateTier } from '../../domain/update-tier.ts';
import { callOf } from '../call.ts';
import { maskedChanges } from '../convert/field-mask.ts';
import { etagOrNull, required } from '../convert/required.ts';
import { fromTier, toFeatures } from '../convert/tier.ts';
import type { Rpc } from './rpc.ts';

export const updateTierRpc: Rpc<typeof AdminService.method.updateTier> =
  (context) => async (request, handler) => {
    const message = required(request.tier, 'tier');
    const changes = maskedChanges<UpdateTierInput['changes']>(request.updateMask, {
      description: () => ({ description: message.description }),
      features: () => ({ features: toFeatures(message.features) }),
    });
    const input = { id: message.id, etag: etagOrNull(message.etag), changes };
    return { tier: fromTier(await updateTier(context, callOf(handler), input)) };
  };
