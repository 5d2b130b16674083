import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { getQuotaGroup } from '../../domain/get-quota-group.ts';
import { callOf } from '../call.ts';
import { fromQuotaGroup } from '../convert/quota-group.ts';
import type { Rpc } from './rpc.ts';

export const getQuotaGroupRpc: Rpc<typeof AdminService.method.getQuotaGroup> =
  (context) => async (request, handler) => ({
    quotaGroup: fromQuotaGroup(await getQuotaGroup(context, callOf(handler), { id: request.id })),
  });
