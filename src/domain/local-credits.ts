import { LRUCache } from 'lru-cache';
import { type CreditPool, chargePools, standingOf } from '../model/credit.ts';
import type { MeterStates } from '../model/meter.ts';
import type { Charge, Charged } from '../store/port.ts';
import type { ChargeOutcome } from './charge-rounds.ts';

/** Credits counted by this process alone, for as long as the store cannot be reached. */
export interface LocalCredits {
  /** Decides a charge at `now` (ms). Exact for this process's share of each limit, and for nothing else. */
  readonly charge: (charge: Charge, now: number) => ChargeOutcome;
}

interface KnownRequest {
  readonly fingerprint: string;
  readonly charged: Charged;
}

const POOLS_MAX = 20_000;
const REQUESTS_MAX = 10_000;
/** How long a request id stands for its charge, in ms. */
const REQUEST_KEPT_MS = 600_000;
/** When a charge that no share allows may be tried again, in ms. */
const LATER_MS = 1000;

/** What this process grants of a limit that `processes` share: at least one credit, or nobody would get any. */
function shareOf({ id, limit }: CreditPool, processes: number): CreditPool {
  const share = Math.floor(limit.limit / processes);
  return { id, limit: { ...limit, limit: limit.limit === 0 ? 0 : Math.max(1, share) } };
}

/**
 * `processes`: how many share the limits, as last known. What was counted stays counted when the store is back: it may go
 * again within the minute.
 */
export function createLocalCredits(processes: () => number): LocalCredits {
  const meters = new LRUCache<string, MeterStates>({ max: POOLS_MAX });
  const requests = new LRUCache<string, KnownRequest>({ max: REQUESTS_MAX });

  function count({ pools: whole, cost }: Charge, now: number): Charged {
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
  }

  return {
    charge: (charge, now) => {
      const { idempotency } = charge;
      if (idempotency === null) return count(charge, now);
      const { key, fingerprint } = idempotency;
      const known = requests.get(key);
      if (known !== undefined && now - known.charged.at < REQUEST_KEPT_MS)
        return known.fingerprint === fingerprint ? { ...known.charged, replayed: true } : { kind: 'reused' };
      const charged = count(charge, now);
      if (charged.granted) requests.set(key, { fingerprint, charged });
      return charged;
    },
  };
}
