import { createHistogram } from 'node:perf_hooks';
import type { Caller, LoadResult, LoadTimes } from './plan.ts';

/** Counts answers, those of the measured time apart. */
function createTally(beginAt: number, endAt: number) {
  const latencies = createHistogram();
  const eachSecond: number[] = Array.from({ length: Math.ceil((endAt - beginAt) / 1000) }, () => 0);
  let calls = 0;
  let failed = 0;
  let answered = 0;
  const told: Record<string, number> = {};
  const count = (sentAt: number, failure: string | null): void => {
    const now = performance.now();
    calls += 1;
    if (failure !== null) told[failure] = (told[failure] ?? 0) + 1;
    if (sentAt < beginAt || now > endAt) return;
    latencies.record(Math.max(1, Math.round((now - sentAt) * 1000)));
    if (failure !== null) {
      failed += 1;
      return;
    }
    answered += 1;
    const second = Math.floor((now - beginAt) / 1000);
    eachSecond[second] = (eachSecond[second] ?? 0) + 1;
  };
  const result = (): LoadResult => ({
    perSecond: answered / ((endAt - beginAt) / 1000),
    failed,
    told,
    p50: latencies.percentile(50),
    p99: latencies.percentile(99),
    worst: latencies.max,
    calls,
    beganAt: performance.timeOrigin + beginAt,
    eachSecond,
  });
  return { count, result };
}

/**
 * Keeps every caller busy until the time is over, and lets go of it; counts only what both began and ended inside the
 * measured time.
 */
export async function measureCallers(
  callers: readonly Caller[],
  { warmUpMs, measureMs, pauseMs }: LoadTimes,
): Promise<LoadResult> {
  const beginAt = performance.now() + warmUpMs;
  const endAt = beginAt + measureMs;
  const tally = createTally(beginAt, endAt);
  const keepCalling = (caller: Caller): Promise<void> =>
    new Promise((resolve) => {
      const next = (): void => {
        const sentAt = performance.now();
        if (sentAt >= endAt) {
          resolve();
          return;
        }
        caller.call((failure) => {
          tally.count(sentAt, failure);
          if (pauseMs === undefined) next();
          else setTimeout(next, pauseMs);
        });
      };
      next();
    });
  await Promise.all(callers.map(keepCalling));
  for (const caller of callers) caller.close();
  return tally.result();
}
