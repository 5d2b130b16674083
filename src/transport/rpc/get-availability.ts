import type { KeyPoolService } from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import { getAvailability } from '../../domain/get-availability.ts';
import { callOf } from '../call.ts';
import { fromAvailability } from '../convert/status.ts';
import type { Rpc } from './rpc.ts';

export const getAvailabilityRpc: Rpc<typeof KeyPoolService.method.getAvailability> =
  (context) => async (request, handler) =>
    fromAvailability(await getAvailability(context, callOf(handler), { feature: request.feature }));
