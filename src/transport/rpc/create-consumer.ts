import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { createConsumer } from '../../domain/create-consumer.ts';
import { callOf } from '../call.ts';
import { fromConsumer, toNewConsumer } from '../convert/consumer.ts';
import { required } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const createConsumerRpc: Rpc<typeof AdminService.method.createConsumer> =
  (context) => async (request, handler) => {
    const input = { consumer: toNewConsumer(required(request.consumer, 'consumer'), request.neverExpires) };
    const { consumer, token } = await createConsumer(context, callOf(handler), input);
    return { consumer: fromConsumer(consumer), token };
  };
