import type { KeyPoolService } from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import { reportOutcome } from '../../domain/report-outcomes.ts';
import { callOf } from '../call.ts';
import { toReport } from '../convert/outcome-report.ts';
import type { Rpc } from './rpc.ts';

export const reportOutcomeRpc: Rpc<typeof KeyPoolService.method.reportOutcome> =
  (context) => async (request, handler) => {
    await reportOutcome(context, callOf(handler), toReport(request));
    return {};
  };
