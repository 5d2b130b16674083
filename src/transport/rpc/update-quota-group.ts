import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import type { QuotaGroupFields } from '../../domain/check-quota-group.ts';
import { updateQuotaGroup } from '../../domain/update-quota-group.ts';
import { callOf } from '../call.ts';
import { toBudgets } from '../convert/budget.ts';
import { maskedChanges } from '../convert/field-mask.ts';
import { fromQuotaGroup } from '../convert/quota-group.ts';
import { etagOrNull, required } from '../convert/required.ts';
import { toLimit } from '../convert/tier.ts';
import type { Rpc } from './rpc.ts';

export const updateQuotaGroupRpc: Rpc<typeof AdminService.method.updateQuotaGroup> =
  (context) => async (request, handler) => {
    const message = required(request.quotaGroup, 'quotaGroup');
    const changes = maskedChanges<QuotaGroupFields>(request.updateMask, {
      description: () => ({ description: message.description }),
      limits: () => ({ limits: message.limits.map(toLimit) }),
      budgets: () => ({ budgets: toBudgets(message.budgets) }),
    });
    const input = { id: message.id, etag: etagOrNull(message.etag), changes };
    return { quotaGroup: fromQuotaGroup(await updateQuotaGroup(context, callOf(handler), input)) };
  };
