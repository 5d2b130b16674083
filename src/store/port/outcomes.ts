import type { OutcomeReport } from '../../model/outcome-report.ts';

/**
 * What became of a report. `reported`: it stands on record, now or (`isNew` false) since an earlier call with the same
 * fields; `other`: there is a report of the draw with other fields, which stands; `unknown`: there is no such draw, or it
 * is another consumer's, or its audit row is no more; `unavailable`: it may stand on record or not.
 */
export type ReportResult =
  | { readonly kind: 'reported'; readonly isNew: boolean; readonly tierId: string; readonly feature: string }
  | { readonly kind: 'other' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable' };

export interface OutcomeStore {
  /**
   * Puts reports on record that arrived together, and changes their keys by them (`applyReport`, and `settleInGroup` where
   * the key has a quota group); answers in their order. One that is `reported` is durable and changes its key and group
   * once, whatever crashes: at once, or (where the row could not be reached) by {@link OutcomeStore.applyReports}. A report
   * that changes nothing of a key costs no write on it. Rejects only when none of them is known to be on record.
   */
  readonly reportRound: (reports: readonly OutcomeReport[]) => Promise<readonly ReportResult[]>;
  /** Changes keys by reports on record that have not changed them yet, `limit` at most; returns how many it were. */
  readonly applyReports: (limit: number) => Promise<number>;
  /** Deletes reports of draws before `before` whose usage events are gone, `limit` at most; returns how many went. */
  readonly deleteExpiredReports: (before: number, limit: number) => Promise<number>;
}
