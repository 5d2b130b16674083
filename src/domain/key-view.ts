import { type Budget, budgetRolls } from '../model/budget.ts';
import { type Condition, conditionOf } from '../model/condition.ts';
import type { Key } from '../model/key.ts';
import { guardMs } from '../model/tier.ts';
import { etagOf } from './etag.ts';

export interface BudgetView {
  readonly limit: number;
  readonly windowMs: number | null;
  /** Units spent in the window under way, or for life. */
  readonly used: number;
  /** When all of it is back (ms); null when no window is under way, and on a budget for life. */
  readonly resetAt: number | null;
}

/** A key as admins see it: without its value, its secrets and what the engine keeps. Times in ms. */
export interface KeyView
  extends Pick<
    Key,
    'id' | 'name' | 'tierId' | 'valueHint' | 'metadata' | 'state' | 'stateReason' | 'expireAt'
  > {
  /** In alphabetical order. */
  readonly secretNames: readonly string[];
  readonly budgets: readonly BudgetView[];
  readonly condition: Condition;
  /** See `conditionOf`. */
  readonly availableAt: number | null;
  /** Null when it was never drawn. */
  readonly lastDrawnAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly etag: string;
}

function viewBudget(budget: Budget, now: number): BudgetView {
  const { limit, windowMs, startAt } = budget;
  if (windowMs === null) return { limit, windowMs, used: budget.used, resetAt: null };
  if (startAt === null || budgetRolls(budget, now)) return { limit, windowMs, used: 0, resetAt: null };
  return { limit, windowMs, used: budget.used, resetAt: startAt + windowMs + guardMs({ windowMs }) };
}

/** A key as it is at `now`. */
export function viewKey(key: Key, now: number): KeyView {
  return {
    id: key.id,
    name: key.name,
    tierId: key.tierId,
    valueHint: key.valueHint,
    secretNames: Object.keys(key.secrets).sort(),
    metadata: key.metadata,
    state: key.state,
    stateReason: key.stateReason,
    expireAt: key.expireAt,
    budgets: key.budgets.map((budget) => viewBudget(budget, now)),
    ...conditionOf(key, now),
    lastDrawnAt: key.takenAt === 0 ? null : key.takenAt,
    createdAt: key.createdAt,
    updatedAt: key.updatedAt,
    etag: etagOf(key.version),
  };
}
