import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { listAdminEvents } from '../../domain/list-admin-events.ts';
import { callOf } from '../call.ts';
import { fromAdminEvent } from '../convert/admin-event.ts';
import { nextPageToken, pageOf } from '../convert/page.ts';
import { textOrUndefined } from '../convert/required.ts';
import { optionalMs } from '../convert/time.ts';
import type { Rpc } from './rpc.ts';

export const listAdminEventsRpc: Rpc<typeof AdminService.method.listAdminEvents> =
  (context) => async (request, handler) => {
    const filter = {
      resourceType: textOrUndefined(request.resourceType),
      resourceId: textOrUndefined(request.resourceId),
      actor: textOrUndefined(request.actorId),
      startAt: optionalMs(request.startTime),
      endAt: optionalMs(request.endTime),
    };
    const list = { rpc: 'ListAdminEvents', filter };
    const page = await listAdminEvents(context, callOf(handler), { ...pageOf(request, list), filter });
    return { adminEvents: page.items.map(fromAdminEvent), nextPageToken: nextPageToken(page, list) };
  };
