import { fixedFree, fixedWindow } from './meter.ts';
import { guardMs } from './tier.ts';

/** A meter on a key over all its features. `windowMs` null: for the key's life. Limit: 1..2^53-1 units. */
export interface Budget {
  readonly limit: number;
  readonly windowMs: number | null;
  /** Units counted in the current window, or in the key's life. */
  readonly used: number;
  /** When the current window began (ms), null before its first unit and for a lifetime budget. */
  readonly startAt: number | null;
  /** Names the current count among all of its key; a reset or a new window has another. */
  readonly epoch: number;
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
