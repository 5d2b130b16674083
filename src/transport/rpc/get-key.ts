import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { getKey } from '../../domain/get-key.ts';
import { callOf } from '../call.ts';
import { fromKey } from '../convert/key.ts';
import type { Rpc } from './rpc.ts';

export const getKeyRpc: Rpc<typeof AdminService.method.getKey> = (context) => async (request, handler) => {
  return { key: fromKey(await getKey(context, callOf(handler), { id: request.id })) };
};
