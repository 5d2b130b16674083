import type { ReportOutcomeRequest } from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import { invalidField } from '../../domain/errors.ts';
import type { ReportInput } from '../../domain/report-outcomes.ts';
import { msFromDuration } from './time.ts';
import { toOutcome } from './usage-event.ts';

/** `path`: where the report stands in the request. */
export function toReport(request: ReportOutcomeRequest, path = ''): ReportInput {
  const { drawId, retryAfter, statusCode = null, units = null, message } = request;
  const outcome = toOutcome(request.outcome);
  if (outcome === null) throw invalidField(`${path}outcome`, 'say how it ended');
  return {
    drawId,
    outcome,
    retryAfterMs: retryAfter === undefined ? null : msFromDuration(retryAfter),
    statusCode,
    units,
    message: message || null,
  };
}
