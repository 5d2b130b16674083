import { type Budget, budgetGuardMs } from '../../model/budget.ts';
import { guardMs, type Limit } from '../../model/tier.ts';

/** What binds the uses of a key, or of its quota group. */
interface Bound {
  readonly limits: readonly Limit[];
  readonly budgets: readonly Budget[];
}

function smallestGuardMs({ limits, budgets }: Bound, now: number): number {
  let smallest = Infinity;
  for (const limit of limits) smallest = Math.min(smallest, guardMs(limit));
  for (const budget of budgets)
    if (budget.windowMs !== null || budget.periods !== null)
      smallest = Math.min(smallest, budgetGuardMs(budget, now));
  return smallest;
}

/** How long after its take at `now` a value may leave, in ms: half of the smallest guard; Infinity where no window binds. */
export function leaveWithinMs(own: Bound, group: Bound | null, now: number): number {
  const smallest = smallestGuardMs(own, now);
  return (group === null ? smallest : Math.min(smallest, smallestGuardMs(group, now))) / 2;
}
