import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { revokeConsumer } from '../../domain/revoke-consumer.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import type { Rpc } from './rpc.ts';

export const revokeConsumerRpc: Rpc<typeof AdminService.method.revokeConsumer> =
  (context) =>
  async ({ id, reason }, handler) => {
    return { consumer: fromConsumer(await revokeConsumer(context, callOf(handler), { id, reason })) };
  };
