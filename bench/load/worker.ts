import { createHistogram } from 'node:perf_hooks';
import { grpcCaller } from './grpc.ts';
import { http1Caller } from './http1.ts';
import type { Caller, LoadPlan, LoadResult } from './plan.ts';

/** Keeps every caller busy until the time is over; counts only what both began and ended inside the measured time. */
async function load(plan: LoadPlan): Promise<LoadResult> {
  const latencies = createHistogram();
  let failed = 0;
  let answered = 0;
  const beginAt = performance.now() + plan.warmUpMs;
  const endAt = beginAt + plan.measureMs;

  function keepCalling(caller: Caller): Promise<void> {
    return new Promise((resolve) => {
      const next = (): void => {
        const sentAt = performance.now();
        if (sentAt >= endAt) {
          resolve();
          return;
        }
        caller.call((ok) => {
          const now = performance.now();
          if (sentAt >= beginAt && now <= endAt) {
            if (ok) answered += 1;
            else failed += 1;
            latencies.record(Math.max(1, Math.round((now - sentAt) * 1000)));
          }
          next();
        });
      };
      next();
    });
  }

  const callers = Array.from({ length: plan.callers }, (_, i) =>
    plan.protocol === 'json' ? http1Caller(plan) : grpcCaller(plan, i),
  );
  await Promise.all(callers.map(keepCalling));
  for (const caller of callers) caller.close();
  return {
    perSecond: answered / (plan.measureMs / 1000),
    failed,
    p50: latencies.percentile(50),
    p99: latencies.percentile(99),
    worst: latencies.max,
  };
}

const plan: LoadPlan = JSON.parse(process.argv[2] ?? '{}');
process.stdout.write(JSON.stringify(await load(plan)));
