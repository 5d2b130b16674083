import { type Budget, withLimit } from '../model/budget.ts';
import type { KeyState } from '../model/key.ts';
import type { BudgetInput } from './key-fields.ts';

type Counted = Pick<KeyState, 'budgets' | 'epoch'>;

/** How the windows of a budget lie, as one text. */
export function periodsName(periods: Budget['periods']): string {
  if (periods === null) return '';
  return periods.kind === 'calendar'
    ? `${periods.unit} ${periods.timeZone}`
    : `${periods.startAt} ${periods.periodMs}`;
}

function samePeriods(a: Budget['periods'], b: Budget['periods']): boolean {
  return periodsName(a) === periodsName(b);
}

/** The budgets of a key after an edit: one whose window stays keeps its count and epoch, another starts anew. */
export function editBudgets(state: Counted, wanted: readonly BudgetInput[], now: number): Counted {
  let { epoch } = state;
  const budgets = wanted.map(({ limit, windowMs, periods = null }): Budget => {
    const kept = state.budgets.find(
      (budget) => budget.windowMs === windowMs && samePeriods(budget.periods, periods),
    );
    if (kept !== undefined) return withLimit(kept, limit, now);
    epoch += 1;
    return { limit, windowMs, periods, used: 0, startAt: null, epoch, countsFrom: now };
  });
  return { budgets, epoch };
}

/** All budgets unused, in new epochs: what open takes give back does not reach them any more. */
export function resetBudgets(state: Counted, now: number): Counted {
  const budgets = state.budgets.map(
    ({ forgiven: _past, ...budget }, i): Budget => ({
      ...budget,
      used: 0,
      startAt: null,
      epoch: state.epoch + 1 + i,
      countsFrom: now,
    }),
  );
  return { budgets, epoch: state.epoch + budgets.length };
}
