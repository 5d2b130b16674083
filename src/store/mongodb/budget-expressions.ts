import { OPEN_TAKES_MAX, RECOVERY_GRACE_MS } from '../../model/key.ts';
import {
  add,
  and,
  bind,
  cond,
  type Expression,
  eq,
  filter,
  gt,
  gte,
  lt,
  lte,
  map,
  max,
  min,
  ne,
  size,
  subtract,
} from './expressions.ts';

/*
 * `src/model/budget.ts` as expressions over the stored array, in which each budget carries its guard. `$$now` is bound
 * by the pipeline.
 */

const NOW = '$$now';
const BUDGET = '$$this';

/** When the window that a budget last opened no longer binds; null for a lifetime or before the first unit. */
const windowEnd = (budget: string): Expression =>
  add(`${budget}.startAt`, `${budget}.windowMs`, `${budget}.guardMs`);

/** Units the budget grants; may be below zero after its limit was lowered. */
function budgetFree(budget: string): Expression {
  const left = subtract(`${budget}.limit`, `${budget}.used`);
  const lastMoment = subtract(add(`${budget}.startAt`, `${budget}.windowMs`), `${budget}.guardMs`);
  return cond(
    eq(`${budget}.windowMs`, null),
    left,
    cond(gt(windowEnd(budget), NOW), cond(lt(NOW, lastMoment), left, 0), `${budget}.limit`),
  );
}

/** The least that any budget grants; null without budgets. */
export function leastFree(budgets: string): Expression {
  return min(map(budgets, budgetFree(BUDGET)));
}

/** The budgets after `n` units; those that roll take the epochs after `epoch`, in their order. */
export function chargedBudgets(budgets: string, n: string, epoch: string): Expression {
  const rolls = and(ne('$$b.windowMs', null), lte(windowEnd('$$b'), NOW));
  return map(
    { $range: [0, size(budgets)] },
    bind(
      { b: { $arrayElemAt: [budgets, '$$this'] } },
      {
        $mergeObjects: [
          '$$b',
          cond(
            rolls,
            { startAt: NOW, used: n, epoch: add(epoch, '$$this', 1) },
            { used: add('$$b.used', n) },
          ),
        ],
      },
    ),
  );
}

/** The highest epoch ever given, once `budgets` may have taken fresh ones after `epoch`. */
export function epochAfter(budgets: string, epoch: string): Expression {
  return cond(gt(max(`${budgets}.epoch`), epoch), add(epoch, size(budgets)), epoch);
}

/** Open takes are at their most. */
export function openTakesFull(open: string): Expression {
  return gte(size(open), OPEN_TAKES_MAX);
}

/** What the questions below need of each budget: units free, the end of its window (null for life), its limit. */
export function budgetViews(budgets: string): Expression {
  return map(budgets, { f: budgetFree(BUDGET), e: windowEnd(BUDGET), l: `${BUDGET}.limit` });
}

/** True when a budget has no unit left. */
export function budgetSpent(views: string): Expression {
  // The least of none is null, which is less than any number.
  return lt({ $ifNull: [{ $min: `${views}.f` }, 1] }, 1);
}

/** When the next open take can be settled by anybody; a moment after now without one. */
export function settledAt(open: string): Expression {
  return max(add(NOW, 1), add(min(`${open}.end`), RECOVERY_GRACE_MS));
}

/**
 * When all budgets have `units` free and the open takes a slot; null when waiting does not help. `settled` names
 * {@link settledAt} of `open`.
 */
export function budgetsNextAt(views: string, open: string, settled: string, units: number): Expression {
  const spentForLife = cond(eq(open, []), null, settled);
  const waits = cond(eq(`${BUDGET}.e`, null), spentForLife, `${BUDGET}.e`);
  const moment = cond(gte(`${BUDGET}.f`, units), NOW, waits);
  const moments = map(views, units === 1 ? moment : cond(gt(units, `${BUDGET}.l`), null, moment));
  const slot = cond({ $and: [ne(views, []), openTakesFull(open)] }, settled, NOW);
  return bind({ m: moments }, cond({ $in: [null, '$$m'] }, null, max(max('$$m'), slot)));
}

/** Open takes less those known to be settled. */
export function withoutSettled(open: string, settled: readonly string[]): Expression {
  if (settled.length === 0) return open;
  return filter(open, { $not: [{ $in: ['$$this.take', { $literal: settled }] }] });
}
