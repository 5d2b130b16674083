import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Client, Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import {
  type KeyPoolService,
  OutcomeReportCode,
  type ReportOutcomeRequestSchema,
} from '../../gen/keypool/v1/key_pool_service_pb.ts';

/** How the use of one drawn key ended. */
export type OutcomeReport = MessageInitShape<typeof ReportOutcomeRequestSchema>;

/** Reports outcomes of draws, many of them with one call: it costs the server much less than a call for each. */
export interface OutcomeReporter {
  /**
   * Reports one outcome soon. Resolves when it stands on record; rejects as `keyPool.reportOutcome` does, with a
   * `ConnectError` that `keypoolErrorOf` reads.
   */
  report(report: OutcomeReport): Promise<void>;
  /** Sends what waits at once; resolves when all that was reported before has been answered. */
  flush(): Promise<void>;
}

export interface OutcomeReporterOptions {
  /** How long a report waits for others at most, in ms, 0 to 1,000; 10 unless named. */
  readonly maxDelayMs?: number;
}

/** Reports in one call. */
const BATCH_MAX = 100;
const DELAY_MS = 10;

interface Waiting {
  readonly report: OutcomeReport;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What the call for this report alone would have rejected with. */
function refusal(drawId: string, code: OutcomeReportCode): ConnectError {
  const of = (reason: string, status: Code, message: string): ConnectError =>
    new ConnectError(message, status, undefined, [
      { desc: ErrorInfoSchema, value: { reason, domain: 'keypool', metadata: { draw_id: drawId } } },
    ]);
  switch (code) {
    case OutcomeReportCode.DRAW_NOT_FOUND:
      return of('DRAW_NOT_FOUND', Code.NotFound, 'There is no such draw of yours.');
    case OutcomeReportCode.ALREADY_REPORTED:
      return of('OUTCOME_REPORTED', Code.AlreadyExists, 'The draw was reported before with other fields.');
    default:
      return of('STORE_UNAVAILABLE', Code.Unavailable, 'The report may stand or not. Report it again.');
  }
}

/** The first reports that can go into one call, each draw once; the others stay in `waiting`. */
function nextBatch(waiting: Waiting[]): readonly Waiting[] {
  const batch: Waiting[] = [];
  const named = new Set<string>();
  for (let i = 0; i < waiting.length && batch.length < BATCH_MAX; ) {
    const drawId = waiting[i]?.report.drawId ?? '';
    if (named.has(drawId)) {
      i += 1;
      continue;
    }
    named.add(drawId);
    batch.push(...waiting.splice(i, 1));
  }
  return batch;
}

/** Makes a reporter over a client's `keyPool`. */
export function createOutcomeReporter(
  keyPool: Pick<Client<typeof KeyPoolService>, 'batchReportOutcomes'>,
  { maxDelayMs = DELAY_MS }: OutcomeReporterOptions = {},
): OutcomeReporter {
  const waiting: Waiting[] = [];
  const underWay = new Set<Promise<void>>();
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function send(batch: readonly Waiting[]): Promise<void> {
    try {
      const { results } = await keyPool.batchReportOutcomes({ reports: batch.map(({ report }) => report) });
      for (const [i, { report, resolve, reject }] of batch.entries()) {
        const code = results[i]?.code ?? OutcomeReportCode.UNAVAILABLE;
        if (code === OutcomeReportCode.REPORTED) resolve();
        else reject(refusal(report.drawId ?? '', code));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function sendAll(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    while (waiting.length > 0) {
      const sending = send(nextBatch(waiting)).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
  }

  return {
    report: (report) =>
      new Promise((resolve, reject) => {
        waiting.push({ report, resolve, reject });
        if (waiting.length >= BATCH_MAX) sendAll();
        else timer ??= setTimeout(sendAll, maxDelayMs);
      }),
    flush: async () => {
      sendAll();
      await Promise.all(underWay);
    },
  };
}
