import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { deleteConsumer } from '../../domain/delete-consumer.ts';
import { callOf } from '../call.ts';
import { etagOrNull } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const deleteConsumerRpc: Rpc<typeof AdminService.method.deleteConsumer> =
  (context) => async (request, handler) => {
    await deleteConsumer(context, callOf(handler), { id: request.id, etag: etagOrNull(request.etag) });
    return {};
  };
