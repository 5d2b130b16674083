import { neededWrites } from '../baseline/needed-writes.ts';
import { loadServer, type Measured, timesOf } from '../load/contender.ts';
import type { BenchPlan, Protocol, StoreName } from '../plan.ts';
import { smallPool } from '../pool/shape.ts';
import { failedIn, median } from '../report/statistics.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { progress, type Section } from '../section.ts';
import { servePool } from '../server/served-pool.ts';
import { ONE_CALLER_TARGET } from '../targets.ts';
import { bareEcho } from './contenders.ts';

/** What one run saw; the medians of the writes and of the echo, in µs. */
interface Run {
  readonly writes: number;
  readonly echo: number;
  readonly draws: ReadonlyMap<Protocol, Measured>;
}

function cells(store: StoreName, protocol: Protocol, name: string, runs: readonly Run[]): string[] {
  const mid = (of: (run: Run) => number): number => median(runs.map(of));
  const draw = (run: Run): number => run.draws.get(protocol)?.p50 ?? Number.NaN;
  const ratio = mid((run) => draw(run) / run.writes);
  const failed = failedIn(runs.flatMap((run) => run.draws.get(protocol) ?? []));
  return [
    ...[store, protocol, figure(mid(draw)), figure(failed), name, figure(mid((run) => run.writes))],
    ...[figure(ratio, 2), ...targetCells(ratio, ONE_CALLER_TARGET), figure(mid((run) => run.echo))],
  ];
}

async function measureStore(plan: BenchPlan, store: StoreName): Promise<string[][]> {
  await using until = new AsyncDisposableStack();
  const pool = await servePool(store, smallPool(plan.keys[0] ?? 1, plan.auditRows), until);
  const needed = await neededWrites(plan, pool, until);
  const bare = await bareEcho(plan, until);
  const runs: Run[] = [];
  for (let number = 1; number <= plan.runs; number += 1) {
    const draws = new Map<Protocol, Measured>();
    const run = { writes: await needed.measure(), echo: (await bare.measure(1)).p50, draws };
    for (const protocol of plan.protocols) {
      const load = { protocol, asks: pool.asks, callers: 1 };
      draws.set(protocol, await loadServer(pool.server, load, timesOf(plan.seconds)));
    }
    runs.push(run);
    progress(
      `run ${number}: ${store}: ${[...draws.values()].map(({ p50 }) => figure(p50))} µs, ${figure(run.writes)}`,
    );
  }
  return plan.protocols.map((protocol) => cells(store, protocol, needed.name, runs));
}

/** What a draw costs beyond the writes it has to wait for, when nobody else draws. */
export const oneCaller: Section = async (plan): Promise<readonly Table[]> => {
  const rows: string[][] = [];
  for (const store of plan.stores) rows.push(...(await measureStore(plan, store)));
  const head = [
    'store',
    'protocol',
    'p50 µs',
    'failed',
    'measured against',
    'its p50 µs',
    'ratio',
    ...TARGET_HEAD,
  ];
  return [{ title: 'One caller', head: [...head, 'bare echo p50 µs'], rows }];
};
