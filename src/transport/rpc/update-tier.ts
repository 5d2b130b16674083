import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { type UpdateTierInput, updateTier } from '../../domain/update-tier.ts';
import type { TierPolicy } from '../../model/tier-policy.ts';
import { callOf } from '../call.ts';
import { maskedChanges } from '../convert/field-mask.ts';
import { etagOrNull, required } from '../convert/required.ts';
import { fromTier, toFeatures } from '../convert/tier.ts';
import { POLICY_FIELDS } from '../convert/tier-policy.ts';
import type { Rpc } from './rpc.ts';

type Changes = Omit<UpdateTierInput['changes'], 'policy'>;

export const updateTierRpc: Rpc<typeof AdminService.method.updateTier> =
  (context) => async (request, handler) => {
    const message = required(request.tier, 'tier');
    const policyFields = Object.entries(POLICY_FIELDS).map(([path, read]) => [path, () => read(message)]);
    const { description, features, ...policy } = maskedChanges<Changes & TierPolicy>(request.updateMask, {
      description: () => ({ description: message.description }),
      features: () => ({ features: toFeatures(message.features) }),
      ...Object.fromEntries(policyFields),
    });
    const changes = { description, features, policy };
    const input = { id: message.id, etag: etagOrNull(message.etag), changes };
    return { tier: fromTier(await updateTier(context, callOf(handler), input)) };
  };
