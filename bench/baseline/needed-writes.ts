import type { BenchPlan } from '../plan.ts';
import { freshDatabase, sqliteFile } from '../server/database.ts';
import { runScript } from '../server/script.ts';
import type { ServedPool } from '../server/served-pool.ts';
import type { WritesPlan, WritesResult } from './mongodb-writes.ts';
import { fillNaivePool } from './naive-pool.ts';
import type { CommitsPlan } from './sqlite-commits.ts';

/** The writes that a store cannot do a draw without, one at a time from one process. */
export interface NeededWrites {
  readonly name: string;
  /** The median in µs. */
  readonly measure: () => Promise<number>;
}

/** Beside the measured database, on its disk. */
function syncedCommit({ seconds }: BenchPlan, { database }: ServedPool): NeededWrites {
  const script = import.meta.resolve('./sqlite-commits.ts');
  let files = 0;
  const measure = (): Promise<number> => {
    files += 1;
    const file = `${sqliteFile(database)}-commits-${files}`;
    return runScript<CommitsPlan, number>(script, { file, measureMs: seconds * 1000 });
  };
  return { name: 'one synced commit', measure };
}

/** On the same mongod, the insert into an audit as full. */
async function majorityWrites(plan: BenchPlan, until: AsyncDisposableStack): Promise<NeededWrites> {
  const { url, drop } = await freshDatabase('mongodb');
  until.defer(drop);
  await fillNaivePool(url, plan.keys[0] ?? 1, plan.auditRows);
  const script = import.meta.resolve('./mongodb-writes.ts');
  const measure = async (): Promise<number> => {
    const input = { url, measureMs: plan.seconds * 1000 };
    const { update, insert } = await runScript<WritesPlan, WritesResult>(script, input);
    return update + insert;
  };
  return { name: 'majority update + majority insert', measure };
}

/** What draws from this pool have to wait for at least. */
export function neededWrites(
  plan: BenchPlan,
  pool: ServedPool,
  until: AsyncDisposableStack,
): Promise<NeededWrites> {
  return pool.store === 'sqlite' ? Promise.resolve(syncedCommit(plan, pool)) : majorityWrites(plan, until);
}
