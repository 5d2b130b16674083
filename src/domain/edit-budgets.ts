import { type Budget, withLimit } from '../model/budget.ts';
import type { KeyState } from '../model/key.ts';
import type { BudgetInput } from './key-fields.ts';

type Counted = Pick<KeyState, 'budgets' | 'epoch'>;
type Editable = Counted & Pick<KeyState, 'takenAt'>;

/**
 * From when on draws count in a budget that starts anew at `now`: after every take that there was, also where a clock is
 * behind or the same millisecond goes on; then no later take comes before it either.
 */
function startAfterTakes({ takenAt }: Editable, now: number) {
  return now > takenAt ? { countsFrom: now, takenAt } : { countsFrom: takenAt + 1, takenAt: takenAt + 1 };
}

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

/** The budgets of a new key or group. */
export function newBudgets(wanted: readonly BudgetInput[], now: number): Counted {
  const { budgets, epoch } = editBudgets({ budgets: [], epoch: 0, takenAt: 0 }, wanted, now);
  return { budgets, epoch };
}

/** The budgets of a key after an edit: one whose window stays keeps its count and epoch, another starts anew. */
export function editBudgets(state: Editable, wanted: readonly BudgetInput[], now: number): Editable {
  let { epoch, takenAt } = state;
  const start = startAfterTakes(state, now);
  const budgets = wanted.map(({ limit, windowMs, periods = null }): Budget => {
    const kept = state.budgets.find(
      (budget) => budget.windowMs === windowMs && samePeriods(budget.periods, periods),
    );
    if (kept !== undefined) return withLimit(kept, limit, now);
    epoch += 1;
    takenAt = start.takenAt;
    return { limit, windowMs, periods, used: 0, startAt: null, epoch, countsFrom: start.countsFrom };
  });
  return { budgets, epoch, takenAt };
}

/** All budgets unused, in new epochs: what open takes give back does not reach them any more. */
export function resetBudgets(state: Editable, now: number): Editable {
  const { countsFrom, takenAt } = startAfterTakes(state, now);
  const budgets = state.budgets.map(
    ({ forgiven: _past, ...budget }, i): Budget => ({
      ...budget,
      used: 0,
      startAt: null,
      epoch: state.epoch + 1 + i,
      countsFrom,
    }),
  );
  return { budgets, epoch: state.epoch + budgets.length, takenAt };
}
