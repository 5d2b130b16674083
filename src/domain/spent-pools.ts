import { setBounded } from '../model/bounded-map.ts';
import { CREDIT_WINDOW_MS, type CreditPool, type PoolStanding } from '../model/credit.ts';
import { isOfAddress } from './credit-pools.ts';

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
/** A charge of an address is of no other pool, so it is never given back: what was said holds until it said it would. */
const BELIEVED_OF_ADDRESS_MS = CREDIT_WINDOW_MS;

/** What costs more has to wait longer, so each cost is known for itself. */
function nameOf(poolId: string, cost: number): string {
  return `${cost} ${poolId}`;
}

export function createSpentPools(monotonicMs: () => number): SpentPools {
  const spent = new Map<string, Spent>();

  /** What is known of a pool that has too little. */
  function known(pool: CreditPool, cost: number, now: number): PoolStanding | null {
    const { id, limit } = pool;
    const name = nameOf(id, cost);
    const heard = spent.get(name);
    const believedMs = isOfAddress(pool) ? BELIEVED_OF_ADDRESS_MS : BELIEVED_MS;
    if (heard === undefined || heard.limit !== limit.limit) return null;
    const { nextAt } = heard.standing;
    if (monotonicMs() - heard.heardAt < believedMs && nextAt !== null && now < nextAt) return heard.standing;
    spent.delete(name);
    return null;
  }

  return {
    refused: (pools, cost, now) => {
      if (spent.size === 0) return null;
      const standings = pools.map((pool) => known(pool, cost, now));
      if (standings.every((standing) => standing === null)) return null;
      return pools.map((pool, i) => standings[i] ?? idle(pool, now));
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
