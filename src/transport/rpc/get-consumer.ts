import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { getConsumer } from '../../domain/get-consumer.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import type { Rpc } from './rpc.ts';

export const getConsumerRpc: Rpc<typeof AdminService.method.getConsumer> =
  (context) => async (request, handler) => {
    return { consumer: fromConsumer(await getConsumer(context, callOf(handler), { id: request.id })) };
  };
