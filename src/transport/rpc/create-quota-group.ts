import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { createQuotaGroup } from '../../domain/create-quota-group.ts';
import { callOf } from '../call.ts';
import { toBudgets } from '../convert/budget.ts';
import { fromQuotaGroup } from '../convert/quota-group.ts';
import { required } from '../convert/required.ts';
import { toLimit } from '../convert/tier.ts';
import type { Rpc } from './rpc.ts';

export const createQuotaGroupRpc: Rpc<typeof AdminService.method.createQuotaGroup> =
  (context) => async (request, handler) => {
    const { id, description, limits, budgets } = required(request.quotaGroup, 'quotaGroup');
    const group = await createQuotaGroup(context, callOf(handler), {
      id,
      description,
      limits: limits.map(toLimit),
      budgets: toBudgets(budgets),
    });
    return { quotaGroup: fromQuotaGroup(group) };
  };
