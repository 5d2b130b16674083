import { type KeyPoolService, OutcomeReportCode } from '../../../gen/keypool/v1/key_pool_service_pb.ts';
import { batchReportOutcomes, type ReportedKind } from '../../domain/report-outcomes.ts';
import { callOf } from '../call.ts';
import { toReport } from '../convert/outcome-report.ts';
import type { Rpc } from './rpc.ts';

const CODE = {
  reported: OutcomeReportCode.REPORTED,
  unknown: OutcomeReportCode.DRAW_NOT_FOUND,
  other: OutcomeReportCode.ALREADY_REPORTED,
  unavailable: OutcomeReportCode.UNAVAILABLE,
} as const satisfies Record<ReportedKind, OutcomeReportCode>;

export const batchReportOutcomesRpc: Rpc<typeof KeyPoolService.method.batchReportOutcomes> =
  (context) => async (request, handler) => {
    const inputs = request.reports.map((report, i) => toReport(report, `reports[${i}].`));
    const kinds = await batchReportOutcomes(context, callOf(handler), inputs);
    return { results: kinds.map((kind, i) => ({ drawId: inputs[i]?.drawId ?? '', code: CODE[kind] })) };
  };
