import type { OutcomeReport } from '../model/outcome-report.ts';
import type { OutcomeStore, ReportResult } from '../store/port.ts';
import { KeypoolError } from './errors.ts';
import { createGathering } from './gathering.ts';

/** Gathers reports that arrive while a round of them is under way into the next. */
export interface ReportRounds {
  /**
   * Waits for its round and gives what came of each report, in their order. Rejects with OVERLOADED when too many wait,
   * and with what the store threw when the round failed.
   */
  readonly report: (reports: readonly OutcomeReport[]) => Promise<readonly ReportResult[]>;
  /** Resolves when no report is under way any more. */
  readonly idle: () => Promise<void>;
}

interface WaitingReports {
  readonly reports: readonly OutcomeReport[];
  readonly resolve: (results: readonly ReportResult[]) => void;
  readonly reject: (error: unknown) => void;
}

const WAITING_MAX = 10_000;
const ROUND_SIZE = 256;
/** Rounds that may be under way at a time. */
const ROUNDS_MAX = 2;
const OVERLOAD_RETRY_MS = 500;

function overloaded(): KeypoolError {
  const message = 'Too many reports are waiting for the store. Try again shortly.';
  return new KeypoolError('OVERLOADED', message, { retryAfterMs: OVERLOAD_RETRY_MS });
}

export function createReportRounds(
  store: Pick<OutcomeStore, 'reportRound'>,
  monotonicMs: () => number,
): ReportRounds {
  const waiting: WaitingReports[] = [];
  let waitingCount = 0;
  let underWay = 0;
  const { schedule, idle } = createGathering({ ready, roundSize: ROUND_SIZE, begin: pump, monotonicMs });

  /** The next calls whose reports fit into a round together; at least one. */
  function nextBatch(): readonly WaitingReports[] {
    let size = 0;
    let calls = 0;
    for (const { reports } of waiting) {
      if (calls > 0 && size + reports.length > ROUND_SIZE) break;
      size += reports.length;
      calls += 1;
    }
    waitingCount -= size;
    return waiting.splice(0, calls);
  }

  async function run(batch: readonly WaitingReports[]): Promise<void> {
    underWay += 1;
    try {
      const results = await store.reportRound(batch.flatMap(({ reports }) => reports));
      let from = 0;
      for (const { reports, resolve } of batch) {
        resolve(results.slice(from, from + reports.length));
        from += reports.length;
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    underWay -= 1;
    schedule();
  }

  function ready(): number {
    if (underWay === ROUNDS_MAX) return 0;
    // One call comes alone, however much it reports.
    return waiting.length > 1 ? waitingCount : waiting.length;
  }

  function pump(): boolean {
    while (underWay < ROUNDS_MAX && waiting.length > 0) void run(nextBatch());
    return underWay > 0;
  }

  return {
    report: (reports) =>
      new Promise((resolve, reject) => {
        if (waitingCount + reports.length > WAITING_MAX) {
          reject(overloaded());
          return;
        }
        waiting.push({ reports, resolve, reject });
        waitingCount += reports.length;
        schedule();
      }),
    idle,
  };
}
