import { type Budget, withLimit } from '../model/budget.ts';
import type { KeyState } from '../model/key.ts';
import type { BudgetInput } from './key-fields.ts';

type Counted = Pick<KeyState, 'budgets' | 'epoch'>;
type Editable = Counted & Pick<KeyState, 'takenAt'>;

/** From when on draws count in a budget that starts anew at `now`: after every take that there was, by whatever clock. */
const countsFrom = ({ takenAt }: Editable, now: number): number => Math.max(now, takenAt + 1);

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
export function editBudgets(state: Editable, wanted: readonly BudgetInput[], now: number): Counted {
  let { epoch } = state;
  const budgets = wanted.map(({ limit, windowMs, periods = null }): Budget => {
    const kept = state.budgets.find(
      (budget) => budget.windowMs === windowMs && samePeriods(budget.periods, periods),
    );
    if (kept !== undefined) return withLimit(kept, limit, now);
    epoch += 1;
    return { limit, windowMs, periods, used: 0, startAt: null, epoch, countsFrom: countsFrom(state, now) };
  });
  return { budgets, epoch };
}

/** All budgets unused, in new epochs: what open takes give back does not reach them any more. */
export function resetBudgets(state: Editable, now: number): Counted {
  const budgets = state.budgets.map(
    ({ forgiven: _past, ...budget }, i): Budget => ({
      ...budget,
      used: 0,
      startAt: null,
      epoch: state.epoch + 1 + i,
      countsFrom: countsFrom(state, now),
    }),
  );
  return { budgets, epoch: state.epoch + budgets.length };
}
