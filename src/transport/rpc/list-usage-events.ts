import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listUsageEvents } from '../../domain/list-usage-events.ts';
import { callOf } from '../call.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { textOrUndefined } from '../convert/required.ts';
import { optionalMs } from '../convert/time.ts';
import { fromUsageEvent } from '../convert/usage-event.ts';
import type { Rpc } from './rpc.ts';

export const listUsageEventsRpc: Rpc<typeof AdminService.method.listUsageEvents> =
  (context) => async (request, handler) => {
    const filter = {
      consumerId: textOrUndefined(request.consumerId),
      keyId: textOrUndefined(request.keyId),
      feature: textOrUndefined(request.feature),
      startAt: optionalMs(request.startTime),
      endAt: optionalMs(request.endTime),
    };
    const list = { rpc: 'ListUsageEvents', filter };
    const page = await listUsageEvents(context, callOf(handler), { ...pageOf(request, list), filter });
    return { usageEvents: page.items.map(fromUsageEvent), nextPageToken: nextPageToken(page, list) };
  };
