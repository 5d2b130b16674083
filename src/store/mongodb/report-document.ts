import type { DrawReport } from '../../model/audit.ts';
import type { OutcomeReport, ReportedDraw, StoredReport } from '../../model/outcome-report.ts';

/** A report as it is stored, `_id` its draw's id, with what of the draw its key's row is changed by. */
export interface ReportDocument extends Omit<StoredReport, 'drawId'> {
  readonly _id: string;
  readonly key: string;
  readonly tier: string;
  readonly feature: string;
  readonly consumer: string;
  readonly take: string;
  readonly serial: number;
  /** The moment of the draw, in ms, and its units. */
  readonly drawnAt: number;
  readonly drawn: number;
  /** The quota group whose units were drawn too, at the moment `at` by its row (ms). */
  readonly group?: { readonly id: string; readonly at: number };
  /** False while the rows of its key and group may have yet to be changed by it. */
  readonly applied: boolean;
}

export function toReportDocument(
  { consumerId: _consumerId, drawId, ...report }: OutcomeReport,
  draw: ReportedDraw,
  group: ReportDocument['group'],
  at: number,
  applied: boolean,
): ReportDocument {
  return {
    _id: drawId,
    ...report,
    at: Math.max(at, draw.at),
    key: draw.keyId,
    tier: draw.tierId,
    feature: draw.feature,
    consumer: draw.consumerId,
    take: draw.take,
    serial: draw.serial,
    drawnAt: draw.at,
    drawn: draw.units,
    ...(group === undefined ? {} : { group }),
    applied,
  };
}

export function drawOfReport(row: ReportDocument): ReportedDraw {
  return {
    drawId: row._id,
    take: row.take,
    serial: row.serial,
    at: row.drawnAt,
    keyId: row.key,
    tierId: row.tier,
    feature: row.feature,
    units: row.drawn,
    consumerId: row.consumer,
  };
}

export function storedReportOf(row: ReportDocument): StoredReport {
  const { _id: drawId, at, outcome, retryAfterMs, statusCode, units, message, jitter } = row;
  return { drawId, at, outcome, retryAfterMs, statusCode, units, message, jitter };
}

/** What a listed draw shows of it. */
export function shownReport({ outcome, statusCode, units, at, message }: ReportDocument): DrawReport {
  return { outcome, statusCode, units, at, message };
}

/** True where a caller says the same again. */
export function saysTheSame(row: ReportDocument, report: OutcomeReport): boolean {
  return (
    row.outcome === report.outcome &&
    row.retryAfterMs === report.retryAfterMs &&
    row.statusCode === report.statusCode &&
    row.units === report.units &&
    row.message === report.message
  );
}
