import { loadServer, type Measured, timesOf } from '../load/contender.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { smallPool } from '../pool/shape.ts';
import { failedIn, median } from '../report/statistics.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { progress, type Section } from '../section.ts';
import { countCheckpoints } from '../server/checkpoints.ts';
import { servePool } from '../server/served-pool.ts';
import { TAIL_TARGET } from '../targets.ts';

const CALLERS = 64;

type Run = Measured & { readonly checkpoints: number };

function cells(store: StoreName, protocol: string, runs: readonly Run[]): string[] {
  const mid = (of: (run: Run) => number): number => median(runs.map(of));
  const ratio = mid((run) => run.p99 / run.p50);
  return [
    ...[store, protocol, figure(mid((run) => run.perSecond)), figure(mid((run) => run.p50))],
    ...[
      figure(mid((run) => run.p99)),
      figure(mid((run) => run.worst)),
      figure(mid((run) => run.checkpoints)),
    ],
    figure(failedIn(runs)),
    ...[figure(ratio, 2), ...targetCells(ratio, TAIL_TARGET)],
  ];
}

async function measureStore(plan: BenchPlan, store: StoreName): Promise<string[][]> {
  await using until = new AsyncDisposableStack();
  const { server, asks, database } = await servePool(
    store,
    smallPool(plan.keys[0] ?? 1, plan.auditRows),
    until,
  );
  const seen = plan.protocols.map((protocol) => ({ protocol, runs: [] as Run[] }));
  for (let run = 1; run <= plan.runs; run += 1)
    for (const { protocol, runs } of seen) {
      const counted = await countCheckpoints(database);
      const load = { protocol, asks, callers: CALLERS };
      const measured = await loadServer(server, load, timesOf(plan.seconds));
      runs.push({ ...measured, checkpoints: await counted() });
      progress(
        `run ${run}: ${store} ${protocol}: p99 ${figure(measured.p99)}, p50 ${figure(measured.p50)} µs`,
      );
    }
  return seen.map(({ protocol, runs }) => cells(store, protocol, runs));
}

/** How much longer the slowest in a hundred wait than the one in the middle, with the stores' own upkeep under way. */
export const tail: Section = async (plan): Promise<readonly Table[]> => {
  const rows: string[][] = [];
  for (const store of plan.stores) rows.push(...(await measureStore(plan, store)));
  const head = ['store', 'protocol', 'draws/s', 'p50 µs', 'p99 µs', 'worst µs', 'checkpoints'];
  return [
    { title: `Tail at ${CALLERS} callers`, head: [...head, 'failed', 'p99 ÷ p50', ...TARGET_HEAD], rows },
  ];
};
