import { loadServer, type Measured, timesOf } from '../load/contender.ts';
import type { Ask } from '../load/plan.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { fillPool } from '../pool/fill.ts';
import { largePool, smallPool } from '../pool/shape.ts';
import { failedIn, median } from '../report/statistics.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { progress, type Section } from '../section.ts';
import { type Database, freshDatabase } from '../server/database.ts';
import { memoryOf } from '../server/process-usage.ts';
import { startReady } from '../server/ready.ts';
import { servePool } from '../server/served-pool.ts';
import type { Subject } from '../server/subject.ts';
import { LARGE_MEMORY_TARGET, LARGE_THROUGHPUT_TARGET, READY_TARGET } from '../targets.ts';

/** As many tiers and features as the large pool, few of all else: tells what variety costs from what size costs. */
const VARIED = { keys: 1000, consumers: 100 };

interface Loaded {
  readonly server: Subject;
  readonly asks: readonly Ask[];
}

/** Starts a server as often as a figure is measured, and leaves the last one running. */
async function startSeveralTimes(plan: BenchPlan, database: Database, until: AsyncDisposableStack) {
  const readyMs: number[] = [];
  for (let start = 1; ; start += 1) {
    const started = await startReady(database.url);
    readyMs.push(started.readyMs);
    progress(`${database.store}: ready after ${figure(started.readyMs)} ms`);
    if (start >= plan.runs) {
      until.defer(started.server.stop);
      return { server: started.server, readyMs: median(readyMs) };
    }
    await started.server.stop();
  }
}

/** Draws per second of each pool with so many callers, run by run. */
async function measurePools(
  plan: BenchPlan,
  pools: readonly Loaded[],
  callers: number,
): Promise<Measured[][]> {
  const results: Measured[][] = [];
  for (let run = 1; run <= plan.runs; run += 1) {
    const ofRun: Measured[] = [];
    for (const { server, asks } of pools)
      ofRun.push(await loadServer(server, { protocol: 'json', asks, callers }, timesOf(plan.seconds)));
    progress(`run ${run} × ${callers}: ${ofRun.map((one) => figure(one.perSecond)).join(', ')}/s`);
    results.push(ofRun);
  }
  return results;
}

async function measureStore(plan: BenchPlan, store: StoreName): Promise<string[][]> {
  await using until = new AsyncDisposableStack();
  const small = await servePool(store, smallPool(plan.keys[0] ?? 1, plan.auditRows), until);
  const varied = await servePool(store, largePool(VARIED.keys, VARIED.consumers, plan.auditRows), until);
  const database = await freshDatabase(store);
  until.defer(database.drop);
  const { asks } = await fillPool(database, largePool(plan.largeKeys, plan.largeConsumers, plan.auditRows));
  const { server, readyMs } = await startSeveralTimes(plan, database, until);
  const rows: string[][] = [];
  for (const callers of plan.callers) {
    const runs = await measurePools(plan, [small, varied, { server, asks }], callers);
    const rate = (pool: number): number => median(runs.map((run) => run[pool]?.perSecond ?? Number.NaN));
    const largeTo = (pool: number): number =>
      median(runs.map((run) => (run[2]?.perSecond ?? Number.NaN) / (run[pool]?.perSecond ?? Number.NaN)));
    const { highest } = await memoryOf(server.pid);
    rows.push([
      ...[store, String(callers), figure(rate(0)), figure(rate(1)), figure(rate(2)), figure(largeTo(1), 2)],
      ...[figure(largeTo(0), 2), ...targetCells(largeTo(0), LARGE_THROUGHPUT_TARGET)],
      figure(failedIn(runs.flat())),
      ...[figure(highest), ...targetCells(highest, LARGE_MEMORY_TARGET)],
      ...[figure(readyMs), ...targetCells(readyMs, READY_TARGET)],
    ]);
  }
  return rows;
}

/** The same with a million keys and ten thousand consumers as with a few. */
export const large: Section = async (plan): Promise<readonly Table[]> => {
  const rows: string[][] = [];
  for (const store of plan.stores) rows.push(...(await measureStore(plan, store)));
  const title = `Large pool: ${plan.largeKeys} keys, 10 tiers, 20 features, ${plan.largeConsumers} consumers`;
  const head = [
    ...['store', 'callers', 'small/s', 'varied/s', 'large/s', '÷ varied', '÷ small', ...TARGET_HEAD],
    ...['failed', 'highest RSS MiB', ...TARGET_HEAD, 'ready ms', ...TARGET_HEAD],
  ];
  return [{ title, head, rows }];
};
