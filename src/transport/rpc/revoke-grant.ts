import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { revokeGrant } from '../../domain/revoke-grant.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import type { Rpc } from './rpc.ts';

export const revokeGrantRpc: Rpc<typeof AdminService.method.revokeGrant> =
  (context) => async (request, handler) => {
    const { consumerId, tierId } = request;
    return { consumer: fromConsumer(await revokeGrant(context, callOf(handler), { consumerId, tierId })) };
  };
