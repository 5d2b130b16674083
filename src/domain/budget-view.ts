import type { Budget } from '../model/budget.ts';
import { budgetDebt, budgetRemaining, budgetResetAt, budgetUsed } from '../model/budget-view.ts';

/** A budget as admins see it. Times in ms. */
export interface BudgetView extends Pick<Budget, 'limit' | 'windowMs' | 'periods'> {
  /** Units spent in the window under way, or for life; reserved ones too, and what was used beyond the limit. */
  readonly used: number;
  /** Of those, units of draws that wait for their report, as they were drawn. */
  readonly reserved: number;
  /** Units left now. */
  readonly remaining: number;
  /** Units used beyond the limit. */
  readonly debt: number;
  /** When the window under way ends; null when none is, and on a budget for life. */
  readonly resetAt: number | null;
}

/** `reserved`: units of the key's, or the group's, draws in flight. */
export function viewBudget(budget: Budget, reserved: number, now: number): BudgetView {
  const { limit, windowMs, periods } = budget;
  const used = budgetUsed(budget, now);
  return {
    limit,
    windowMs,
    periods,
    used,
    reserved: Math.min(reserved, used),
    remaining: budgetRemaining(budget, now),
    debt: budgetDebt(budget, now),
    resetAt: budgetResetAt(budget, now),
  };
}
