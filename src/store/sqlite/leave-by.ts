import type { Budget } from '../../model/budget.ts';
import { guardMs, type Limit } from '../../model/tier.ts';

/** How long after its take a value may leave, in ms: half of the smallest guard; Infinity where no window binds. */
export function leaveWithinMs(limits: readonly Limit[], budgets: readonly Budget[]): number {
  let smallest = Infinity;
  for (const limit of limits) smallest = Math.min(smallest, guardMs(limit));
  for (const { windowMs } of budgets)
    if (windowMs !== null) smallest = Math.min(smallest, guardMs({ windowMs }));
  return smallest / 2;
}
