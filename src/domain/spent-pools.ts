import { setBounded } from '../model/bounded-map.ts';
import type { CreditPool, PoolStanding } from '../model/credit.ts';

interface Spent {
  readonly limit: number;
  readonly standing: PoolStanding;
  /** The monotonic moment (ms) at which it was heard. */
  readonly heardAt: number;
}

/** What the store is not asked again, so that a caller who has spent its credits costs it nothing. */
export interface SpentPools {
  /** Where the pools stand, when one of them is known to have too little for `cost` now; null when they must be asked. */
  readonly refused: (
    pools: readonly CreditPool[],
    cost: number,
    now: number,
  ) => readonly PoolStanding[] | null;
  /** Notes where pools stand that have refused a charge of `cost` together. */
  readonly note: (pools: readonly CreditPool[], standings: readonly PoolStanding[], cost: number) => void;
}

const SPENT_MAX = 10_000;
/** Credits can come back sooner than was said, when another charge of theirs is given back: so long it is believed. */
const BELIEVED_MS = 1000;

/** What costs more has to wait longer, so each cost is known for itself. */
function nameOf(poolId: string, cost: number): string {
  return `${cost} ${poolId}`;
}

export function createSpentPools(monotonicMs: () => number): SpentPools {
  const spent = new Map<string, Spent>();
  return {
    refused: (pools, cost, now) => {
      if (spent.size === 0) return null;
      for (const { id, limit } of pools) {
        const known = spent.get(nameOf(id, cost));
        if (known === undefined || known.limit !== limit.limit) continue;
        const { nextAt } = known.standing;
        const holds = monotonicMs() - known.heardAt < BELIEVED_MS && nextAt !== null && now < nextAt;
        if (holds) return pools.map((pool) => (pool.id === id ? known.standing : idle(pool, now)));
        spent.delete(nameOf(id, cost));
      }
      return null;
    },
    note: (pools, standings, cost) => {
      for (const [i, { id, limit }] of pools.entries()) {
        const standing = standings[i];
        if (standing === undefined || standing.remaining >= cost) continue;
        const name = nameOf(id, cost);
        setBounded(spent, SPENT_MAX, name, { limit: limit.limit, standing, heardAt: monotonicMs() });
      }
    },
  };
}

/** Of the other pools nothing is known that would matter. */
function idle({ limit }: CreditPool, now: number): PoolStanding {
  return { remaining: limit.limit, resetAt: now, nextAt: now };
}
