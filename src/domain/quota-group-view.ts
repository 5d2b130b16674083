import { budgetNextAt } from '../model/budget.ts';
import { latest, nextUnderAll } from '../model/meter.ts';
import type { QuotaGroup } from '../model/quota-group.ts';
import { type BudgetView, viewBudget } from './budget-view.ts';
import { etagOf } from './etag.ts';

/** A quota group as admins see it. Times in ms. */
export interface QuotaGroupView
  extends Pick<QuotaGroup, 'id' | 'description' | 'limits' | 'createdAt' | 'updatedAt'> {
  readonly budgets: readonly BudgetView[];
  /** When it can be drawn from again; null when that is now, or when waiting alone does not help. */
  readonly availableAt: number | null;
  readonly etag: string;
}

/** A group as it is at `now`. */
export function viewQuotaGroup(group: QuotaGroup, now: number): QuotaGroupView {
  const budgetsAt = group.budgets.map((budget) => budgetNextAt(budget, 1, now));
  const nextAt = latest([...budgetsAt, nextUnderAll(group.meters, group.limits, 1, now)], now);
  return {
    id: group.id,
    description: group.description,
    limits: group.limits,
    budgets: group.budgets.map((budget) => viewBudget(budget, 0, now)),
    availableAt: nextAt === now ? null : nextAt,
    createdAt: group.createdAt,
    updatedAt: group.updatedAt,
    etag: etagOf(group.version),
  };
}
