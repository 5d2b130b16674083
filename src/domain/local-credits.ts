import { LRUCache } from 'lru-cache';
import { type CreditPool, chargePools, standingOf } from '../model/credit.ts';
import type { MeterStates } from '../model/meter.ts';
import type { Charge, Charged } from '../store/port.ts';

/** Credits counted by this process alone, for as long as the store cannot be reached. */
export interface LocalCredits {
  /** Decides a charge at `now` (ms). Exact for this process's share of each limit, and for nothing else. */
  readonly charge: (charge: Charge, now: number) => Charged;
  /** Forgets everything: the store counts again. */
  readonly clear: () => void;
}

const POOLS_MAX = 20_000;
/** When a charge that no share allows may be tried again, in ms. */
const LATER_MS = 1000;

/** What this process grants of a limit that `processes` share: at least one credit, or nobody would get any. */
function shareOf({ id, limit }: CreditPool, processes: number): CreditPool {
  const share = Math.floor(limit.limit / processes);
  return { id, limit: { ...limit, limit: limit.limit === 0 ? 0 : Math.max(1, share) } };
}

/** `processes`: how many share the limits, as last known. */
export function createLocalCredits(processes: () => number): LocalCredits {
  const meters = new LRUCache<string, MeterStates>({ max: POOLS_MAX });
  return {
    charge: ({ pools: whole, cost }, now) => {
      const pools = whole.map((pool) => shareOf(pool, processes()));
      const before = pools.map(({ id }) => meters.get(id) ?? {});
      const { granted, held } = chargePools(before, pools, cost, now);
      for (const [i, { id }] of pools.entries()) meters.set(id, held[i] ?? {});
      const standings = pools.map((pool, i) => {
        const standing = standingOf(held[i] ?? {}, pool, { cost, granted }, now);
        // More than the share is not more than the limit: the store, when it is back, may grant it.
        const isLater = standing.nextAt === null && cost <= (whole[i]?.limit.limit ?? 0);
        return isLater ? { ...standing, nextAt: now + LATER_MS } : standing;
      });
      return { kind: 'charged', granted, at: now, pools: standings, replayed: false };
    },
    clear: () => meters.clear(),
  };
}
