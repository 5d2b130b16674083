import type { DatabaseSync } from 'node:sqlite';
import type { OutcomeReport, StoredReport } from '../../model/outcome-report.ts';
import { prepare } from './statement.ts';

/** What a report says, as it is kept. */
type Said = Pick<OutcomeReport, 'outcome' | 'retryAfterMs' | 'statusCode' | 'units' | 'message'>;

/** Reports by the numbers of their draws' usage events, with which they go. Every call within a write. */
export interface OutcomeRows {
  /** False when there is one of that draw. */
  readonly insert: (seq: number, report: StoredReport) => boolean;
  /** True when the one of that draw says the same. */
  readonly saysTheSame: (seq: number, said: Said) => boolean;
}

export function createOutcomeRows(db: DatabaseSync): OutcomeRows {
  const insert = prepare(
    db,
    'INSERT INTO outcome_reports VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const select = prepare<Said>(
    db,
    `SELECT outcome, retry_after_ms AS retryAfterMs, status_code AS statusCode, units, message
     FROM outcome_reports WHERE seq = ?`,
  );
  return {
    insert: (seq, { at, outcome, retryAfterMs, statusCode, units, message }) =>
      insert.run(seq, at, outcome, retryAfterMs, statusCode, units, message) === 1,
    saysTheSame: (seq, { outcome, retryAfterMs, statusCode, units, message }) => {
      const row = select.get(seq);
      return (
        row !== undefined &&
        row.outcome === outcome &&
        row.retryAfterMs === retryAfterMs &&
        row.statusCode === statusCode &&
        row.units === units &&
        row.message === message
      );
    },
  };
}
