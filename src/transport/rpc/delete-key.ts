import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { deleteKey } from '../../domain/delete-key.ts';
import { callOf } from '../call.ts';
import { etagOrNull } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const deleteKeyRpc: Rpc<typeof AdminService.method.deleteKey> =
  (context) => async (request, handler) => {
    await deleteKey(context, callOf(handler), { id: request.id, etag: etagOrNull(request.etag) });
    return {};
  };
