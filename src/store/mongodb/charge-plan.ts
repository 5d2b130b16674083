import type { ChargeRun, CreditPool } from '../../model/credit.ts';
import type { Charge } from '../port.ts';

/** Charges of one cost that a pool is asked for together, by their index in the round. */
interface PlannedRun {
  readonly cost: number;
  readonly indexes: readonly number[];
}

/** What a round asks of one pool. */
export interface PoolPlan {
  readonly pool: CreditPool;
  readonly runs: readonly PlannedRun[];
}

/** A round's plans by pool. A charge with a request id has a run of its own, so that it can be looked up later. */
export function planPools(charges: readonly Charge[]): ReadonlyMap<string, PoolPlan> {
  const plans = new Map<
    string,
    { pool: CreditPool; runs: { cost: number; indexes: number[]; open: boolean }[] }
  >();
  for (const [index, { pools, cost, idempotency }] of charges.entries()) {
    for (const pool of pools) {
      const plan = plans.get(pool.id) ?? { pool, runs: [] };
      plans.set(pool.id, plan);
      const last = plan.runs.at(-1);
      const open = idempotency === null;
      if (open && last?.open === true && last.cost === cost) last.indexes.push(index);
      else plan.runs.push({ cost, indexes: [index], open });
    }
  }
  return plans;
}

/** A plan's runs without the charges that are not to be made. */
export function runsOf({ runs }: PoolPlan, isAsked: (index: number) => boolean): readonly ChargeRun[] {
  return runs.map(({ cost, indexes }) => ({ cost, count: indexes.filter(isAsked).length }));
}

/** The indexes that a pool granted, from how many of each run it did. */
export function grantedIndexes(
  { runs }: PoolPlan,
  granted: readonly number[],
  isAsked: (index: number) => boolean,
): ReadonlySet<number> {
  const indexes = new Set<number>();
  for (const [i, run] of runs.entries())
    for (const index of run.indexes.filter(isAsked).slice(0, granted[i] ?? 0)) indexes.add(index);
  return indexes;
}

/** Which run of a plan a charge with a request id is. */
export function runOf({ runs }: PoolPlan, index: number): number {
  return runs.findIndex(({ indexes }) => indexes.includes(index));
}
