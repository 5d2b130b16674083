import { type Budget, budgetGuardMs } from '../../model/budget.ts';

/** The guards of budgets that have windows or periods, in ms. */
export function budgetGuards(budgets: readonly Budget[], now: number): number[] {
  return budgets.flatMap((budget) =>
    budget.windowMs === null && budget.periods === null ? [] : [budgetGuardMs(budget, now)],
  );
}
