import type { CreditPool, PoolStanding } from './credit.ts';
import { type Stamp, spanMs, stampAt } from './meter.ts';
import type { Limit } from './tier.ts';

/**
 * The sliding meter of `meter.ts` as it is kept by the one process that writes it: what counts, and its sum, so that a
 * charge costs the same however much a pool has counted. Stamps ascend.
 */
export interface CreditMeter {
  readonly stamps: readonly Stamp[];
  /** What the stamps stand for together. */
  readonly used: number;
}

export const EMPTY_METER: CreditMeter = { stamps: [], used: 0 };

export function meterOf(stamps: readonly Stamp[]): CreditMeter {
  return { stamps, used: stamps.reduce((sum, { n }) => sum + n, 0) };
}

/** The meter without what counts no more at `now`. */
export function liveMeter(meter: CreditMeter, limit: Limit, now: number): CreditMeter {
  const horizon = now - spanMs(limit);
  let first = 0;
  let gone = 0;
  for (let stamp = meter.stamps[0]; stamp !== undefined && stamp.at <= horizon; stamp = meter.stamps[first]) {
    gone += stamp.n;
    first += 1;
  }
  return first === 0 ? meter : { stamps: meter.stamps.slice(first), used: meter.used - gone };
}

/** The moment of the stamp for what is charged at `now`: later by less than the grain, and never before the last one. */
export function stampMoment({ stamps }: CreditMeter, limit: Limit, now: number): number {
  return Math.max(stamps.at(-1)?.at ?? 0, stampAt(limit, now));
}

/** The meter with a stamp that is not before its last one. */
export function stamped({ stamps, used }: CreditMeter, stamp: Stamp): CreditMeter {
  const last = stamps.at(-1);
  if (last === undefined || last.at < stamp.at) return { stamps: [...stamps, stamp], used: used + stamp.n };
  const merged = { at: last.at, n: last.n + stamp.n };
  return { stamps: stamps.with(-1, merged), used: used + stamp.n };
}

/** When a live meter has `cost` free, walking its stamps until enough have left; null when never. */
function nextAt({ stamps, used }: CreditMeter, limit: Limit, cost: number, now: number): number | null {
  if (cost > limit.limit) return null;
  let left = used;
  let at = now;
  for (const stamp of stamps) {
    if (left + cost <= limit.limit) break;
    left -= stamp.n;
    at = stamp.at + spanMs(limit);
  }
  return at;
}

/** A pool in the middle of a round: its meter when the round began, and what the round has charged since. */
export interface OpenPool {
  readonly pool: CreditPool;
  /** Live at the moment of the round. */
  readonly meter: CreditMeter;
  spent: number;
}

/** Credits left of an open pool; below zero after its limit was lowered. */
export function freeOf({ pool, meter, spent }: OpenPool): number {
  return pool.limit.limit - meter.used - spent;
}

/** The stamp for what a round has charged at `now`; null for nothing. */
export function stampOf({ pool, meter, spent }: OpenPool, now: number): Stamp | null {
  return spent === 0 ? null : { at: stampMoment(meter, pool.limit, now), n: spent };
}

/** The meter after a round at `now`. */
export function closedMeter(open: OpenPool, now: number): CreditMeter {
  const stamp = stampOf(open, now);
  return stamp === null ? open.meter : stamped(open.meter, stamp);
}

/** What an open pool tells of a charge of `cost` at `now`. */
export function standingIn(open: OpenPool, cost: number, granted: boolean, now: number): PoolStanding {
  const { limit } = open.pool;
  const last = stampOf(open, now)?.at ?? open.meter.stamps.at(-1)?.at;
  return {
    remaining: Math.max(0, freeOf(open)),
    resetAt: last === undefined ? now : Math.max(now, last + spanMs(limit)),
    nextAt: granted ? now : nextAt(closedMeter(open, now), limit, cost, now),
  };
}
