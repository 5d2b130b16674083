import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { trialKey } from '../../domain/trial-key.ts';
import { callOf } from '../call.ts';
import { fromKey } from '../convert/key.ts';
import type { Rpc } from './rpc.ts';

export const trialKeyRpc: Rpc<typeof AdminService.method.trialKey> =
  (context) => async (request, handler) => ({
    key: fromKey(await trialKey(context, callOf(handler), { id: request.id })),
  });
