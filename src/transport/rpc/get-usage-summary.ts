import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { getUsageSummary } from '../../domain/get-usage-summary.ts';
import { callOf } from '../call.ts';
import { optionalMs } from '../convert/time.ts';
import { fromUsageSummary, toUsageSubject } from '../convert/usage-summary.ts';
import type { Rpc } from './rpc.ts';

export const getUsageSummaryRpc: Rpc<typeof AdminService.method.getUsageSummary> =
  (context) => async (request, handler) => {
    const startAt = optionalMs(request.startTime);
    const endAt = optionalMs(request.endTime);
    const period = {
      ...(startAt === undefined ? {} : { startAt }),
      ...(endAt === undefined ? {} : { endAt }),
    };
    const input = { subject: toUsageSubject(request), period };
    return fromUsageSummary(await getUsageSummary(context, callOf(handler), input));
  };
