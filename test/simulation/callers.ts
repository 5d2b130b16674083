import type { OutcomeReport } from '../../src/model/outcome-report.ts';
import type { Answer, Ask, KeypoolProcess } from './keypool-process.ts';
import type { PlannedReports } from './planned-sharing.ts';
import type { Wish } from './planned-wishes.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Those who draw: they ask any process, wait, ask again, and give up some day. */
export interface Callers {
  readonly send: (wish: Wish) => void;
  /** Draws one unit after another until the feature's keys are empty, or `most` were served. */
  readonly drain: (feature: string, most: number) => void;
  /** Calls that have not ended yet. */
  readonly underWay: () => number;
  /** When a report of a draw was sent for the first time, in ms, by draw id. */
  readonly reportedAt: ReadonlyMap<string, number>;
  /** What became of the wishes, by the kind of their last answer. */
  readonly ended: () => ReadonlyMap<string, number>;
}

/** A caller's own time-out. */
const PATIENCE_MS = 3000;
const TRIES_MAX = 6;
const REPORT_TRIES_MAX = 12;
const SILENT: PlannedReports = { share: 0, unitsShare: 0, tookMaxMs: 0 };
const PAUSE_MS = 60;
const EXHAUSTED_PAUSE = { leastMs: 25, mostMs: 1000 };

export function createCallers(
  time: VirtualTime,
  random: Random,
  processes: () => readonly KeypoolProcess[],
  trace: (line: () => string) => void,
  reports: PlannedReports = SILENT,
): Callers {
  let calls = 0;
  let underWay = 0;
  const ended = new Map<string, number>();
  const reportedAt = new Map<string, number>();
  const later = (ms: number, work: () => void) => time.after(ms, work, null);

  /** One call; no answer in time is `lost`. */
  const call = (ask: Ask, done: (answer: Answer | { readonly kind: 'lost' }) => void) => {
    calls += 1;
    const number = calls;
    let isOver = false;
    const end: typeof done = (answer) => {
      if (isOver) return;
      isOver = true;
      trace(() => `caller ${number}: ${JSON.stringify(answer)}`);
      done(answer);
    };
    const all = processes();
    const process = all[random.int(0, all.length - 1)];
    trace(() => `caller ${number} asks ${process?.name}: ${JSON.stringify(ask)}`);
    later(PATIENCE_MS, () => end({ kind: 'lost' }));
    process?.ask(ask, (answer) => later(random.between(0.1, 1), () => end(answer)));
  };

  /** Sends a report until it is on record, or the caller has had enough. */
  const sendReport = (report: OutcomeReport, tries: number) => {
    let isOver = false;
    const end = (isReported: boolean) => {
      if (isOver) return;
      isOver = true;
      trace(() => `report of ${report.drawId}: ${isReported}`);
      if (isReported || tries >= REPORT_TRIES_MAX) underWay -= 1;
      else later(random.between(0.5, 1.5) * PAUSE_MS, () => sendReport(report, tries + 1));
    };
    const all = processes();
    later(PATIENCE_MS, () => end(false));
    all[random.int(0, all.length - 1)]?.report(report, (isReported) =>
      later(random.between(0.1, 1), () => end(isReported)),
    );
  };

  /** Says how a draw went, or nothing; some say it twice. */
  const tell = (drawId: string, units: number) => {
    if (reports.share === 0 || !random.chance(reports.share)) return;
    const report: OutcomeReport = {
      drawId,
      consumerId: null,
      outcome: random.chance(0.3) ? 'upstream_error' : 'ok',
      retryAfterMs: null,
      statusCode: null,
      units: random.chance(reports.unitsShare) ? random.int(0, units + 2) : null,
      message: null,
      jitter: 0,
    };
    const again = random.chance(0.2) ? 2 : 1;
    const tookMs = random.between(1, reports.tookMaxMs);
    for (let i = 0; i < again; i += 1) {
      underWay += 1;
      later(tookMs + i, () => {
        reportedAt.set(drawId, Math.min(reportedAt.get(drawId) ?? Infinity, time.nowMs()));
        sendReport(report, 1);
      });
    }
  };

  const attempt = (ask: Ask, tries: number) => {
    call(ask, (answer) => {
      const isFinal =
        answer.kind === 'served' ||
        answer.kind === 'empty' ||
        answer.kind === 'gone' ||
        answer.kind === 'refused';
      const mayRetry = ask.requestId !== null || answer.kind === 'exhausted';
      if (answer.kind === 'served') tell(answer.drawId, ask.units);
      if (isFinal || !mayRetry || tries >= TRIES_MAX) {
        underWay -= 1;
        ended.set(answer.kind, (ended.get(answer.kind) ?? 0) + 1);
        return;
      }
      const pauseMs = answer.kind === 'exhausted' ? exhaustedPause(answer.waitMs) : PAUSE_MS;
      later(random.between(0.5, 1.5) * pauseMs, () => attempt(ask, tries + 1));
    });
  };

  const drainOn = (feature: string, left: number) => {
    if (left === 0) {
      underWay -= 1;
      return;
    }
    call({ feature, units: 1, requestId: null }, (answer) => {
      if (answer.kind === 'empty') underWay -= 1;
      else if (answer.kind === 'served') drainOn(feature, left - 1);
      else {
        later(answer.kind === 'exhausted' ? exhaustedPause(answer.waitMs) : PAUSE_MS, () =>
          drainOn(feature, left),
        );
      }
    });
  };

  return {
    send: ({ atMs, feature, units, requestId, copies }) => {
      for (let i = 0; i < copies; i += 1) {
        underWay += 1;
        later(atMs - time.nowMs() + (i === 0 ? 0 : random.between(0, 80)), () =>
          attempt({ feature, units, requestId }, 1),
        );
      }
    },
    drain: (feature, most) => {
      underWay += 1;
      drainOn(feature, most);
    },
    underWay: () => underWay,
    reportedAt,
    ended: () => ended,
  };
}

function exhaustedPause(waitMs: number): number {
  return Math.min(Math.max(waitMs, EXHAUSTED_PAUSE.leastMs), EXHAUSTED_PAUSE.mostMs);
}
