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

/** When the window that a budget last opened no longer binds; null for a lifetime or before the first unit. */
const windowEnd = (budget: string): Expression =>
  add(`${budget}.startAt`, `${budget}.windowMs`, `${budget}.guardMs`);

const left = (budget: string): Expression => subtract(`${budget}.limit`, `${budget}.used`);

/** Units the budget grants; may be below zero after its limit was lowered. */
function budgetFree(budget: string): Expression {
  const lastMoment = subtract(add(`${budget}.startAt`, `${budget}.windowMs`), `${budget}.guardMs`);
  return cond(
    eq(`${budget}.windowMs`, null),
    left(budget),
    cond(gt(windowEnd(budget), NOW), cond(lt(NOW, lastMoment), left(budget), 0), `${budget}.limit`),
  );
}

function budgetRolls(budget: string): Expression {
  return and(ne(`${budget}.windowMs`, null), lte(windowEnd(budget), NOW));
}

/** The least that any budget grants; null without budgets. */
export function leastFree(budgets: string): Expression {
  return min(map(budgets, 'b', budgetFree('$$b')));
}

/** The budgets after `n` units; those that roll take the epochs after `epoch`, in their order. */
export function chargedBudgets(budgets: string, n: string, epoch: string): Expression {
  return map(
    { $range: [0, size(budgets)] },
    'i',
    bind(
      { b: { $arrayElemAt: [budgets, '$$i'] } },
      {
        $mergeObjects: [
          '$$b',
          cond(
            budgetRolls('$$b'),
            { startAt: NOW, used: n, epoch: add(epoch, '$$i', 1) },
            { used: add('$$b.used', n) },
          ),
        ],
      },
    ),
  );
}

/** The highest epoch after a charge. */
export function epochAfter(budgets: string, epoch: string): Expression {
  return cond({ $anyElementTrue: [map(budgets, 'b', budgetRolls('$$b'))] }, add(epoch, size(budgets)), epoch);
}

/** When the next open take can be settled by anybody; a moment after now without one. */
function settledAt(open: string): Expression {
  return max(add(NOW, 1), add(min(`${open}.end`), RECOVERY_GRACE_MS));
}

/** True when a budget has no unit left. */
export function budgetSpent(budgets: string): Expression {
  return and(gt(size(budgets), 0), lt(leastFree(budgets), 1));
}

/** Open takes are at their most. */
export function openTakesFull(open: string): Expression {
  return gte(size(open), OPEN_TAKES_MAX);
}

/** When all budgets have `units` free and the open takes a slot; null when waiting does not help. */
export function budgetsNextAt(budgets: string, open: string, units: number): Expression {
  const spentForLife = cond(gt(size(open), 0), '$$settled', null);
  const moment = cond(
    gt(units, '$$b.limit'),
    null,
    cond(gte(budgetFree('$$b'), units), NOW, cond(eq('$$b.windowMs', null), spentForLife, windowEnd('$$b'))),
  );
  const latest = cond(
    { $in: [null, '$$moments'] },
    null,
    max(max('$$moments'), NOW, cond(openTakesFull(open), '$$settled', NOW)),
  );
  return cond(
    eq(budgets, []),
    NOW,
    bind({ settled: settledAt(open) }, bind({ moments: map(budgets, 'b', moment) }, latest)),
  );
}

/** Open takes less those known to be settled. */
export function withoutSettled(open: string, settled: readonly string[]): Expression {
  if (settled.length === 0) return open;
  return filter(open, 'o', { $not: [{ $in: ['$$o.take', { $literal: settled }] }] });
}
