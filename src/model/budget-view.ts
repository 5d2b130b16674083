import { type Budget, countAt } from './budget.ts';
import { periodAt } from './budget-periods.ts';
import { guardMs } from './tier.ts';

/*
 * What a budget shows at a moment (ms).
 */

/** Units counted in the window under way, with what it has to work off; or for life. */
export function budgetUsed(budget: Budget, now: number): number {
  return countAt(budget, now).used;
}

/** Units that are left, 0 or more. Around the end of a window they are not granted all the same. */
export function budgetRemaining(budget: Budget, now: number): number {
  return Math.max(0, budget.limit - budgetUsed(budget, now));
}

/** Units beyond the limit, which the next windows have to work off. */
export function budgetDebt(budget: Budget, now: number): number {
  return countAt(budget, now).debt;
}

/** When the count under way ends: null where none is, and for life. Of a window, when it can be drawn again. */
export function budgetResetAt(budget: Budget, now: number): number | null {
  const { windowMs, periods } = budget;
  const { startAt } = countAt(budget, now);
  if (startAt === null) return null;
  if (windowMs !== null) return startAt + windowMs + guardMs({ windowMs });
  if (periods === null || now < startAt) return null;
  return periodAt(periods, Math.max(now, startAt)).endAt;
}
