import { countUnder, freeUnderAll, type MeterStates, meterId, nextUnderAll, spanMs } from './meter.ts';
import type { Limit } from './tier.ts';

/** The window in which credits are counted, in ms. */
export const CREDIT_WINDOW_MS = 60_000;

/** The most that a pool can hold, and that one call can cost. */
export const CREDITS_MAX = 1_000_000_000;

/** The pool that all consumers of an owner share. */
export interface OwnerCredits {
  /** As in its consumers; never empty. */
  readonly owner: string;
  /** Credits per sliding minute, 1 to {@link CREDITS_MAX}. */
  readonly creditsPerMinute: number;
  /** When it was last set, in ms. */
  readonly updatedAt: number;
}

/** A pool of credits that a charge draws on, and its limit now: another one goes on with what was counted. */
export interface CreditPool {
  readonly id: string;
  readonly limit: Limit;
}

/** Where a pool stands after a charge. */
export interface PoolStanding {
  /** Credits left. */
  readonly remaining: number;
  /** When all of them are back if nothing else is charged, in ms; the moment of the charge where they are. */
  readonly resetAt: number;
  /** When the same charge can be had from it, in ms; the moment of the charge when at once, null when never. */
  readonly nextAt: number | null;
}

/** Where the credits of a call stand, as `X-RateLimit-*` tells it: of several pools, the one with the least left. */
export interface CreditStanding extends Pick<PoolStanding, 'remaining' | 'resetAt'> {
  /** Credits in any sliding minute. */
  readonly limit: number;
  /** What the call cost, or would have cost when it was refused. */
  readonly cost: number;
}

/** The strict sliding minute of `credits`, 1 to {@link CREDITS_MAX}. */
export function creditLimit(credits: number, windowMs: number = CREDIT_WINDOW_MS): Limit {
  return { limit: credits, windowMs, algorithm: 'sliding', guardMs: null };
}

/** When the last of a pool's credits comes back, in ms: `now` where none is out. */
function resetAt(states: MeterStates, limit: Limit, now: number): number {
  const state = states[meterId(limit)];
  const last = state !== undefined && 'stamps' in state ? state.stamps.at(-1) : undefined;
  return last === undefined ? now : Math.max(now, last.at + spanMs(limit));
}

/** What a pool tells of a charge of `cost` that was granted or refused, from its meters after it. */
export function standingOf(
  states: MeterStates,
  { limit }: CreditPool,
  { cost, granted }: { readonly cost: number; readonly granted: boolean },
  now: number,
): PoolStanding {
  return {
    remaining: freeUnderAll(states, [limit], now),
    resetAt: resetAt(states, limit, now),
    nextAt: granted ? now : nextUnderAll(states, [limit], cost, now),
  };
}

/** Charges all pools or none, `held` being their meters in the same order; gives the meters after it, pruned. */
export function chargePools(
  held: readonly MeterStates[],
  pools: readonly CreditPool[],
  cost: number,
  now: number,
): { readonly granted: boolean; readonly held: readonly MeterStates[] } {
  const granted = pools.every(({ limit }, i) => freeUnderAll(held[i] ?? {}, [limit], now) >= cost);
  const units = granted ? cost : 0;
  return { granted, held: pools.map(({ limit }, i) => countUnder(held[i] ?? {}, [limit], units, now)) };
}

/** The moment at which every pool can give what was refused, in ms; null when one never can. */
export function nextOfPools(standings: readonly PoolStanding[]): number | null {
  let at = 0;
  for (const { nextAt } of standings) {
    if (nextAt === null) return null;
    at = Math.max(at, nextAt);
  }
  return at;
}

/** Of several pools the one with the least left, of equals the first, as a call of this cost is told of it. */
export interface TightestPool {
  readonly pool: CreditPool;
  readonly credits: CreditStanding;
}

/** What a call is told of its pools. Null without any. */
export function tightest(
  pools: readonly CreditPool[],
  standings: readonly PoolStanding[],
  cost: number,
): TightestPool | null {
  let least: TightestPool | null = null;
  for (const [i, pool] of pools.entries()) {
    const standing = standings[i];
    if (standing === undefined || (least !== null && standing.remaining >= least.credits.remaining)) continue;
    const { remaining, resetAt } = standing;
    least = { pool, credits: { limit: pool.limit.limit, cost, remaining, resetAt } };
  }
  return least;
}

/** Charges of the same cost that follow one another. */
export interface ChargeRun {
  readonly cost: number;
  readonly count: number;
}

/**
 * Charges one pool for runs in their order: of each as many as there is left for. Gives how many of each, and the meters
 * after it, as one charge after another would leave them.
 */
export function chargeRuns(
  states: MeterStates,
  limit: Limit,
  runs: readonly ChargeRun[],
  now: number,
): { readonly granted: readonly number[]; readonly states: MeterStates } {
  const before = freeUnderAll(states, [limit], now);
  let free = before;
  const granted = runs.map(({ cost, count }) => {
    const given = cost === 0 ? count : Math.min(count, Math.floor(free / cost));
    free -= given * cost;
    return given;
  });
  return { granted, states: countUnder(states, [limit], before - free, now) };
}
