import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { deleteQuotaGroup } from '../../domain/delete-quota-group.ts';
import { callOf } from '../call.ts';
import { etagOrNull } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const deleteQuotaGroupRpc: Rpc<typeof AdminService.method.deleteQuotaGroup> =
  (context) =>
  async ({ id, etag }, handler) => {
    await deleteQuotaGroup(context, callOf(handler), { id, etag: etagOrNull(etag) });
    return {};
  };
