import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { deleteTier } from '../../domain/delete-tier.ts';
import { callOf } from '../call.ts';
import { etagOrNull } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const deleteTierRpc: Rpc<typeof AdminService.method.deleteTier> =
  (context) => async (request, handler) => {
    await deleteTier(context, callOf(handler), { id: request.id, etag: etagOrNull(request.etag) });
    return {};
  };
