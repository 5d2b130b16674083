import { budgetFree } from './budget.ts';
import { type Condition, conditionOf } from './condition.ts';
import type { Key, KeyLifecycle, KeyState } from './key.ts';

/** What a list of keys can be ordered by. */
export type KeyOrder = 'creation' | 'cooling_until' | 'remaining' | 'failure_streak' | 'state';

/** What of a key its order and condition are told from. */
export interface ScannedKey extends KeyState, Pick<Key, 'id' | 'tierId'> {}

/** When the last of its cooldowns is over, in ms; null when nothing of it rests at `now`. */
export function coolingUntil({ health }: Pick<KeyState, 'health'>, now: number): number | null {
  const last = Math.max(now, ...Object.values(health.cooling));
  return last > now ? last : null;
}

/** How many reports in a row speak against it. */
export function failureStreak({ health }: Pick<KeyState, 'health'>): number {
  return Object.values(health.failures).reduce((sum, n) => sum + n, 0);
}

/** The smallest share of one of its own budgets that is left at `now`, 0 to 1; null without a budget. */
export function remainingShare({ budgets }: Pick<KeyState, 'budgets'>, now: number): number | null {
  if (budgets.length === 0) return null;
  return Math.min(...budgets.map((budget) => budgetFree(budget, now) / budget.limit));
}

/** True when something of its health can be listed: it failed, rests or was quarantined for failing. */
export function isUnwell({ health }: Pick<KeyState, 'health'>): boolean {
  return (
    health.quarantinedAt !== null ||
    Object.keys(health.failures).length > 0 ||
    Object.keys(health.cooling).length > 0
  );
}

/** States in the order in which lists show them. */
export const STATES_IN_ORDER: readonly KeyLifecycle[] = ['active', 'disabled', 'quarantined'];

/** What a key is ordered by at `now`, among those in the order of creation; null where it has nothing of the kind. */
export function orderValue(key: KeyState, order: KeyOrder, now: number): number | null {
  switch (order) {
    case 'creation':
      return 0;
    case 'cooling_until':
      return coolingUntil(key, now);
    case 'remaining':
      return remainingShare(key, now);
    case 'failure_streak':
      return failureStreak(key) || null;
    case 'state':
      return STATES_IN_ORDER.indexOf(key.state);
  }
}

/** Where a key stands in an ordered list. */
export interface OrderedPosition {
  readonly value: number | null;
  readonly id: string;
}

/** True when larger values come first. */
export function isLargestFirst(order: KeyOrder, descending: boolean): boolean {
  return (order === 'failure_streak') !== descending;
}

/**
 * Compares two places of a list: by value, what has none last; then by id (time of creation), the oldest first. The
 * order of creation itself can be turned round.
 */
export function comparePositions(
  order: KeyOrder,
  descending: boolean,
): (a: OrderedPosition, b: OrderedPosition) => number {
  const sign = isLargestFirst(order, descending) ? -1 : 1;
  const idSign = order === 'creation' && descending ? -1 : 1;
  return (a, b) => {
    if (a.value !== b.value) {
      if (a.value === null) return 1;
      if (b.value === null) return -1;
      return sign * (a.value - b.value);
    }
    if (a.id === b.id) return 0;
    return idSign * (a.id < b.id ? -1 : 1);
  };
}

/** What of a key a list can ask for, besides tier and state. */
export interface KeyTraitFilter {
  readonly condition?: Condition;
  /** 1 or more. */
  readonly minFailureStreak?: number;
}

/** Whether a key is what a list asks for at `now`. */
export function isListed(key: KeyState, filter: KeyTraitFilter, now: number): boolean {
  const { condition, minFailureStreak } = filter;
  if (minFailureStreak !== undefined && failureStreak(key) < minFailureStreak) return false;
  return condition === undefined || conditionOf(key, now).condition === condition;
}
