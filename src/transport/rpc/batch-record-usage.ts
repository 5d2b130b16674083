import type { UsageRecord } from '../../../gen/keypool/v1/auth_messages_pb.ts';
import type { AuthService } from '../../../gen/keypool/v1/auth_service_pb.ts';
import { batchRecordUsage, type ReportedUse } from '../../domain/batch-record-usage.ts';
import { callOf } from '../call.ts';
import { toOutcome } from '../convert/usage-event.ts';
import type { Rpc } from './rpc.ts';

function toReportedUse(record: UsageRecord): ReportedUse {
  const { id, consumerId, units = 0, statusCode = null, requestId } = record;
  return {
    id,
    consumerId,
    units,
    resource: record.resource || null,
    endpoint: record.endpoint || null,
    statusCode,
    outcome: toOutcome(record.outcome),
    requestId,
    peerAddress: record.ipAddress,
  };
}

export const batchRecordUsageRpc: Rpc<typeof AuthService.method.batchRecordUsage> =
  (context) => async (request, handler) => ({
    recordedCount: await batchRecordUsage(context, callOf(handler), request.events.map(toReportedUse)),
  });
