import { addConsumer, addKeys, addTier, type LoadLimit } from '../support/load-pool.ts';
import type { KeypoolProcess } from '../support/load-servers.ts';

/** Keys under a limit that callers would pass if they could; they have a budget so that their takes stay open too. */
export type RatedPool = {
  readonly id: string;
  readonly keys: number;
  readonly limit: LoadLimit & { guardMs: number };
};

/**
 * Exact stamps, and buckets, both far below what callers ask for. The guards are long, so that a busy machine hardly ever
 * withholds a value.
 */
export const RATED: readonly RatedPool[] = [
  { id: 'exact', keys: 2, limit: { limit: 12, windowMs: 1000, guardMs: 1000 } },
  { id: 'buckets', keys: 2, limit: { limit: 48, windowMs: 3000, guardMs: 1000 } },
];
const RATED_BUDGET = 1_000_000;

/** Keys whose budgets for life end with the run. */
export const SPENT = { id: 'spent', keys: 8 };

/** Puts in the pools; `budget` is what each of the spent keys has for life. Gives a consumer's token. */
export async function addPools({ admin }: KeypoolProcess, budget: number): Promise<string> {
  for (const { id, keys, limit } of RATED) {
    await addTier(admin, id, [limit]);
    await addKeys(admin, id, keys, [{ limit: RATED_BUDGET }]);
  }
  await addTier(admin, SPENT.id);
  await addKeys(admin, SPENT.id, SPENT.keys, [{ limit: budget }]);
  const { token } = await addConsumer(admin, [...RATED.map(({ id }) => id), SPENT.id]);
  return token;
}
