import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { createKey } from '../../domain/create-key.ts';
import { callOf } from '../call.ts';
import { fromKey, toNewKey } from '../convert/key.ts';
import { required } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const createKeyRpc: Rpc<typeof AdminService.method.createKey> =
  (context) => async (request, handler) => {
    const message = required(request.key, 'key');
    const input = { tierId: message.tierId, key: toNewKey(message) };
    return { key: fromKey(await createKey(context, callOf(handler), input)) };
  };
