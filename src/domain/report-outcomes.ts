import type { OutcomeReport } from '../model/outcome-report.ts';
import type { ReportResult } from '../store/port.ts';
import { isAdmin } from './authorize.ts';
import {
  checkDistinct,
  checkInteger,
  checkLength,
  must,
  refuseIfAny,
  type Violations,
} from './check-field.ts';
import type { Call, Context } from './context.ts';
import { KeypoolError, storeUnavailable } from './errors.ts';
import { callerIdOf } from './identity.ts';
import { stored } from './store-errors.ts';

/** What a caller says of a draw of its own. */
export type ReportInput = Pick<
  OutcomeReport,
  'drawId' | 'outcome' | 'retryAfterMs' | 'statusCode' | 'units' | 'message'
>;

/** What became of one report of several. */
export type ReportedKind = ReportResult['kind'];

const DRAW_ID_MAX = 64;
const RETRY_AFTER_MAX_MS = 366 * 86_400_000;
const UNITS_MAX = 1_000_000_000;
const MESSAGE_MAX = 500;

function checkReport(report: ReportInput, into: Violations, path: string): void {
  const { drawId, retryAfterMs, statusCode, units, message } = report;
  const named = drawId.length >= 1 && drawId.length <= DRAW_ID_MAX;
  must(named, into, `${path}drawId`, `must have 1 to ${DRAW_ID_MAX} characters`);
  if (retryAfterMs !== null) checkInteger(retryAfterMs, 0, RETRY_AFTER_MAX_MS, into, `${path}retryAfter`);
  if (statusCode !== null) checkInteger(statusCode, 100, 599, into, `${path}statusCode`);
  if (units !== null) checkInteger(units, 0, UNITS_MAX, into, `${path}units`);
  if (message !== null) checkLength(message, MESSAGE_MAX, into, `${path}message`);
}

/** A number from 0 to below 1 of random bytes. */
function fractionOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt32BE(0) / 2 ** 32;
}

async function report(
  context: Context,
  call: Call,
  inputs: readonly ReportInput[],
): Promise<readonly ReportResult[]> {
  const consumerId = isAdmin(call.identity) ? null : callerIdOf(call.identity);
  const reports = inputs.map((input) => ({
    ...input,
    consumerId,
    // Only what makes a key rest needs it, and random bytes cost as much as all the rest of a report here.
    jitter: input.outcome === 'ok' ? 0 : fractionOf(context.randomBytes(4)),
  }));
  return stored(context.reportRounds.report(reports));
}

function drawNotFound(drawId: string): KeypoolError {
  return new KeypoolError(
    'DRAW_NOT_FOUND',
    'There is no such draw of yours. Give the draw_id as DrawKey answered it, with the token that drew.',
    { metadata: { draw_id: drawId } },
  );
}

function alreadyReported(drawId: string): KeypoolError {
  return new KeypoolError(
    'OUTCOME_REPORTED',
    'The draw was reported before with other fields. A draw has one report, and the first one stands.',
    { metadata: { draw_id: drawId } },
  );
}

/**
 * Reports how the use of a drawn key ended: durable, once, and heeded by its key. Errors: INVALID_FIELD, DRAW_NOT_FOUND,
 * OUTCOME_REPORTED, OVERLOADED, STORE_UNAVAILABLE.
 */
export async function reportOutcome(context: Context, call: Call, input: ReportInput): Promise<void> {
  const violations: Violations = [];
  checkReport(input, violations, '');
  refuseIfAny(violations);
  const [result] = await report(context, call, [input]);
  if (result?.kind === 'unknown') throw drawNotFound(input.drawId);
  if (result?.kind === 'other') throw alreadyReported(input.drawId);
  if (result?.kind !== 'reported') throw storeUnavailable('a report was not confirmed');
}

/** Reports several, each by itself; answers in their order. Errors: INVALID_FIELD, OVERLOADED, STORE_UNAVAILABLE. */
export async function batchReportOutcomes(
  context: Context,
  call: Call,
  inputs: readonly ReportInput[],
): Promise<readonly ReportedKind[]> {
  const violations: Violations = [];
  for (const [i, input] of inputs.entries()) checkReport(input, violations, `reports[${i}].`);
  checkDistinct(
    inputs,
    ({ drawId }) => drawId,
    violations,
    (i) => `reports[${i}].drawId`,
    'report each draw once',
  );
  refuseIfAny(violations);
  const results = await report(context, call, inputs);
  return results.map(({ kind }) => kind);
}
