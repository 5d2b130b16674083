import {
  type AnchoredPeriods,
  type CalendarPeriods,
  LAST_MOMENT_MS,
  laterPeriodStart,
  periodAt,
  periodsBetween,
} from './budget-periods.ts';
import { fixedFree } from './meter.ts';
import { guardMs } from './tier.ts';

export type { AnchoredPeriods, CalendarPeriods } from './budget-periods.ts';

/**
 * A meter on a key, or on a quota group, over all features. It counts within `periods`, or within windows of `windowMs`
 * that start at their first unit, or with neither for life; never both. Limit: 1..2^53-1 units. Units used beyond the
 * limit, which only a report can bring, are debt: they count in the next windows until they are worked off.
 */
export interface Budget {
  readonly limit: number;
  readonly windowMs: number | null;
  readonly periods: CalendarPeriods | AnchoredPeriods | null;
  /** Units counted in the current window, or in the key's life. */
  readonly used: number;
  /** When the current window began (ms), null before its first unit and for a lifetime budget. */
  readonly startAt: number | null;
  /** Names the current count among all of its key; a reset or a new window has another. */
  readonly epoch: number;
  /** Draws taken before this moment (ms) are not counted in it any more: when it was made, or last reset. */
  readonly countsFrom: number;
  /** Units of `used` beyond the limit that are no debt, since it was the limit that fell; only where there are any. */
  readonly forgiven?: number;
}

/** What a budget has counted in the window at hand. */
interface Count {
  /** Null for life, and before the first unit of a window. */
  readonly startAt: number | null;
  readonly used: number;
  /** Units of `used` that the windows after it must work off. */
  readonly debt: number;
  /** True when the row still shows an earlier window: the next unit takes a fresh epoch. */
  readonly rolled: boolean;
}

/** How long around the end of its window nothing is granted, on either side, in ms; 0 for a budget for life. */
export function budgetGuardMs(budget: Pick<Budget, 'windowMs' | 'periods'>, now: number): number {
  if (budget.windowMs !== null) return guardMs({ windowMs: budget.windowMs });
  if (budget.periods === null) return 0;
  const { startAt, endAt } = periodAt(budget.periods, now);
  return guardMs({ windowMs: endAt - startAt });
}

function debtNow({ used, limit, forgiven = 0 }: Budget): number {
  return Math.max(0, used - limit - forgiven);
}

/** What is left to count of `debt` in the `k`th window after the one that it was made in, k ≥ 1. */
function carried(debt: number, limit: number, k: number): number {
  return Math.max(0, debt - (k - 1) * limit);
}

function windowCount(budget: Budget, windowMs: number, now: number): Count {
  const { startAt, used, limit } = budget;
  if (startAt === null) return { startAt: null, used: 0, debt: 0, rolled: true };
  const lengthMs = windowMs + guardMs({ windowMs });
  const k = Math.floor((now - startAt) / lengthMs);
  if (k <= 0) return { startAt, used, debt: debtNow(budget), rolled: false };
  const left = carried(debtNow(budget), limit, k);
  // Debt opens the next window at the end of the one before it.
  return {
    startAt: left > 0 ? startAt + k * lengthMs : null,
    used: left,
    debt: Math.max(0, left - limit),
    rolled: true,
  };
}

function periodCount(budget: Budget, periods: CalendarPeriods | AnchoredPeriods, now: number): Count {
  const period = periodAt(periods, now);
  const { startAt, used, limit } = budget;
  if (startAt === null) return { startAt: period.startAt, used: 0, debt: 0, rolled: true };
  if (period.startAt <= startAt) return { startAt, used, debt: debtNow(budget), rolled: false };
  const debt = debtNow(budget);
  const left = debt === 0 ? 0 : carried(debt, limit, periodsBetween(periods, startAt, period.startAt));
  return { startAt: period.startAt, used: left, debt: Math.max(0, left - limit), rolled: true };
}

/** What the budget counts at `now`, with what earlier windows have left it to work off. */
export function countAt(budget: Budget, now: number): Count {
  if (budget.windowMs !== null) return windowCount(budget, budget.windowMs, now);
  if (budget.periods !== null) return periodCount(budget, budget.periods, now);
  return { startAt: null, used: budget.used, debt: debtNow(budget), rolled: false };
}

/** True when the next unit starts a new window, and so a new epoch. */
export function budgetRolls(budget: Budget, now: number): boolean {
  return countAt(budget, now).rolled;
}

/** From when to when a period grants: the first from its start on, the others from a guard after it. */
function grantingSpan(periods: CalendarPeriods | AnchoredPeriods, at: number) {
  const { startAt, endAt } = periodAt(periods, at);
  const guard = guardMs({ windowMs: endAt - startAt });
  const isFirst = periods.kind === 'anchored' && startAt === periods.startAt;
  return { from: isFirst ? startAt : startAt + guard, to: endAt - guard, guard };
}

function freeOf(budget: Budget, { startAt, used }: Count, now: number): number {
  const { limit, windowMs, periods } = budget;
  const left = Math.max(0, limit - used);
  if (windowMs !== null) {
    const open = startAt === null ? null : { startAt, used };
    return fixedFree(open, limit, windowMs, guardMs({ windowMs }), now);
  }
  if (periods === null) return left;
  const { from, to } = grantingSpan(periods, Math.max(now, startAt ?? now));
  return from <= now && now < to ? left : 0;
}

/** Units the budget grants at `now`. */
export function budgetFree(budget: Budget, now: number): number {
  return freeOf(budget, countAt(budget, now), now);
}

/** When the budget has `units` free; null when waiting does not help. */
export function budgetNextAt(budget: Budget, units: number, now: number): number | null {
  const { limit, windowMs, periods } = budget;
  if (units > limit) return null;
  const count = countAt(budget, now);
  if (freeOf(budget, count, now) >= units) return now;
  if (count.startAt === null) return null;
  const k = 1 + Math.max(0, Math.ceil((count.debt - limit + units) / limit));
  if (windowMs !== null) {
    const at = count.startAt + k * (windowMs + guardMs({ windowMs }));
    return at > LAST_MOMENT_MS ? null : at;
  }
  if (periods === null) return null;
  const { from, guard } = grantingSpan(periods, Math.max(now, count.startAt));
  if (now < from && count.used + units <= limit) return from;
  const start = laterPeriodStart(periods, count.startAt, k);
  return start === null ? null : start + guard;
}

/** The budget with another count, of the same epoch. What of it was forgiven is never more than what is over. */
function withUsed(budget: Budget, used: number): Budget {
  if (budget.forgiven === undefined) return { ...budget, used };
  const { forgiven, ...rest } = budget;
  const left = Math.min(forgiven, used - budget.limit);
  return left > 0 ? { ...rest, used, forgiven: left } : { ...rest, used };
}

/** The budget after `n` units at `now`; a new window takes `freshEpoch`. */
export function chargeBudget(budget: Budget, n: number, now: number, freshEpoch: number): Budget {
  const count = countAt(budget, now);
  if (!count.rolled) return withUsed(budget, budget.used + n);
  const { forgiven: _past, ...rest } = budget;
  return { ...rest, startAt: count.startAt ?? now, used: count.used + n, epoch: freshEpoch };
}

/** Puts `n` units back into the count of `epochs`, where it still is. */
export function refundBudget(budget: Budget, n: number, epochs: readonly number[]): Budget {
  return epochs.includes(budget.epoch) ? withUsed(budget, Math.max(0, budget.used - n)) : budget;
}

/**
 * Settles a draw that turned out to use `by` units more (or, below 0, less) than it took at `drawnAt`; beyond the limit
 * if need be. The same object where the draw is not in the current count.
 */
export function settleBudget(budget: Budget, by: number, drawnAt: number, now: number): Budget {
  if (by === 0 || drawnAt < budget.countsFrom || budgetRolls(budget, now)) return budget;
  if (budget.startAt !== null && drawnAt < budget.startAt) return budget;
  return withUsed(budget, Math.max(0, budget.used + by));
}

/**
 * The budget with another limit from `now` on: what was used stays so, and is no debt where only the limit has fallen.
 * Windows that are over have worked off debt by the limit they had.
 */
export function withLimit(before: Budget, limit: number, now: number): Budget {
  const { forgiven: _past, ...rest } = before;
  const count = countAt(before, now);
  const hasPassed = count.rolled && count.used > 0;
  const budget = hasPassed ? { ...rest, startAt: count.startAt, used: count.used } : rest;
  const debt = hasPassed ? count.debt : debtNow(before);
  const forgiven = budget.used - limit - debt;
  return forgiven > 0 ? { ...budget, limit, forgiven } : { ...budget, limit };
}
