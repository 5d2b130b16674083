import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { batchCreateKeys } from '../../domain/batch-create-keys.ts';
import { callOf } from '../call.ts';
import { fromKey, toNewKey } from '../convert/key.ts';
import type { Rpc } from './rpc.ts';

export const batchCreateKeysRpc: Rpc<typeof AdminService.method.batchCreateKeys> =
  (context) => async (request, handler) => {
    const input = { tierId: request.keys[0]?.tierId ?? '', keys: request.keys.map(toNewKey) };
    const keys = await batchCreateKeys(context, callOf(handler), input);
    return { keys: keys.map(fromKey) };
  };
