import type { Budget } from '../model/budget.ts';
import type { KeyState } from '../model/key.ts';
import type { BudgetInput } from './key-fields.ts';

type Counted = Pick<KeyState, 'budgets' | 'epoch'>;

/** The budgets of a key after an edit: one whose window stays keeps its count and epoch, another starts anew. */
export function editBudgets(state: Counted, wanted: readonly BudgetInput[]): Counted {
  let { epoch } = state;
  const budgets = wanted.map(({ limit, windowMs }): Budget => {
    const kept = state.budgets.find((budget) => budget.windowMs === windowMs);
    if (kept !== undefined) return { ...kept, limit };
    epoch += 1;
    return { limit, windowMs, used: 0, startAt: null, epoch };
  });
  return { budgets, epoch };
}

/** All budgets unused, in new epochs: what open takes give back does not reach them any more. */
export function resetBudgets(state: Counted): Counted {
  const budgets = state.budgets.map(
    (budget, i): Budget => ({ ...budget, used: 0, startAt: null, epoch: state.epoch + 1 + i }),
  );
  return { budgets, epoch: state.epoch + budgets.length };
}
