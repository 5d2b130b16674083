import { fixedFree, fixedWindow } from './meter.ts';
import { guardMs } from './tier.ts';

/** Days, weeks (from Monday) or months of a time zone (IANA name), one after another. */
export interface CalendarPeriods {
  readonly kind: 'calendar';
  readonly unit: 'day' | 'week' | 'month';
  readonly timeZone: string;
}

/** Periods of one length, one after another from a start date on (ms); before it nothing is granted. */
export interface AnchoredPeriods {
  readonly kind: 'anchored';
  readonly startAt: number;
  readonly periodMs: number;
}

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
}

function openWindow(budget: Budget, now: number): { startAt: number; used: number } | null {
  if (budget.windowMs === null || budget.startAt === null) return null;
  return fixedWindow(
    { startAt: budget.startAt, used: budget.used },
    budget.windowMs,
    guardMs({ windowMs: budget.windowMs }),
    now,
  );
}

/** True when the next unit starts a new window, and so a new epoch. */
export function budgetRolls(budget: Budget, now: number): boolean {
  return budget.windowMs !== null && openWindow(budget, now) === null;
}

/** Units the budget grants at `now`. */
export function budgetFree(budget: Budget, now: number): number {
  if (budget.windowMs === null) return Math.max(0, budget.limit - budget.used);
  return fixedFree(
    openWindow(budget, now),
    budget.limit,
    budget.windowMs,
    guardMs({ windowMs: budget.windowMs }),
    now,
  );
}

/** When the budget has `units` free; null when waiting does not help. */
export function budgetNextAt(budget: Budget, units: number, now: number): number | null {
  if (units > budget.limit) return null;
  if (budgetFree(budget, now) >= units) return now;
  if (budget.windowMs === null || budget.startAt === null) return null;
  return budget.startAt + budget.windowMs + guardMs({ windowMs: budget.windowMs });
}

/** The budget after `n` units at `now`; a new window takes `freshEpoch`. */
export function chargeBudget(budget: Budget, n: number, now: number, freshEpoch: number): Budget {
  if (!budgetRolls(budget, now)) return { ...budget, used: budget.used + n };
  return { ...budget, startAt: now, used: n, epoch: freshEpoch };
}
