import type { UsageRecord } from '../../model/audit.ts';
import type { CreditPool } from '../../model/credit.ts';
import {
  closedMeter,
  freeOf,
  liveMeter,
  type OpenPool,
  stampOf,
  standingIn,
} from '../../model/credit-meter.ts';
import type { Charge, ChargeResult } from '../port.ts';
import type { ChargedRequests } from './charged-requests.ts';
import type { CreditPools } from './credit-pools.ts';

/** What a round of charges works with. */
export interface ChargeRoundParts {
  readonly pools: CreditPools;
  readonly requests: ChargedRequests;
  readonly writeEvents: (events: readonly UsageRecord[], at: number) => void;
}

/** Decides charges that arrived together, inside one write, at the store's moment `now` (ms). */
export function chargeRound(
  parts: ChargeRoundParts,
  charges: readonly Charge[],
  now: number,
): readonly ChargeResult[] {
  const opened = new Map<string, OpenPool>();
  const events: UsageRecord[] = [];

  function open(pool: CreditPool): OpenPool {
    const known = opened.get(pool.id);
    if (known !== undefined) return known;
    const begun = { pool, meter: liveMeter(parts.pools.read(pool), pool.limit, now), spent: 0 };
    opened.set(pool.id, begun);
    return begun;
  }

  function decide({ pools: named, cost, event, idempotency }: Charge): ChargeResult {
    const charged = idempotency === null ? null : parts.requests.find(idempotency.key, now);
    if (charged !== null) {
      if (charged.fingerprint !== idempotency?.fingerprint) return { kind: 'reused' };
      return { kind: 'charged', granted: true, at: charged.at, pools: charged.pools, replayed: true };
    }
    const pools = named.map(open);
    const granted = cost === 0 || pools.every((pool) => freeOf(pool) >= cost);
    if (granted) for (const pool of pools) pool.spent += cost;
    const standings = pools.map((pool) => standingIn(pool, cost, granted, now));
    if (granted && event !== null) events.push(event);
    if (granted && idempotency !== null) {
      const { key, fingerprint } = idempotency;
      parts.requests.insert(key, { fingerprint, at: now, pools: standings });
    }
    return { kind: 'charged', granted, at: now, pools: standings, replayed: false };
  }

  const results = charges.map(decide);
  const charged = [...opened.values()].flatMap((pool) => {
    const stamp = stampOf(pool, now);
    return stamp === null ? [] : [{ pool: pool.pool, meter: closedMeter(pool, now), stamp }];
  });
  parts.pools.charge(charged, now);
  if (events.length > 0) parts.writeEvents(events, now);
  return results;
}
