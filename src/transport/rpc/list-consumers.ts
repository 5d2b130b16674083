import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listConsumers } from '../../domain/list-consumers.ts';
import { callOf } from '../call.ts';
import { fromConsumer, toConsumerStateFilter, toEnvironmentFilter } from '../convert/consumer.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { textOrUndefined } from '../convert/required.ts';
import type { Rpc } from './rpc.ts';

export const listConsumersRpc: Rpc<typeof AdminService.method.listConsumers> =
  (context) => async (request, handler) => {
    const filter = {
      owner: textOrUndefined(request.owner),
      environment: toEnvironmentFilter(request.environment),
      state: toConsumerStateFilter(request.state),
      ...(request.excludeDisabled ? { exceptState: 'disabled' as const } : {}),
    };
    const list = { rpc: 'ListConsumers', filter };
    const page = await listConsumers(context, callOf(handler), { ...pageOf(request, list), filter });
    return { consumers: page.items.map(fromConsumer), nextPageToken: nextPageToken(page, list) };
  };
