import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { getStatus } from '../../domain/get-status.ts';
import { callOf } from '../call.ts';
import { fromStatus } from '../convert/status.ts';
import { toTierStatusQuery } from '../convert/tier-status.ts';
import type { Rpc } from './rpc.ts';

export const getStatusRpc: Rpc<typeof AdminService.method.getStatus> =
  (context) => async (request, handler) => {
    return fromStatus(await getStatus(context, callOf(handler), toTierStatusQuery(request)));
  };
