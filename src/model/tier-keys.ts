import { type Condition, conditionOf } from './condition.ts';
import type { KeyLifecycle, KeyState } from './key.ts';
import { coolingUntil, failureStreak, remainingShare } from './key-order.ts';

/** What keys are like, counted. */
export interface KeyCounts {
  readonly keys: number;
  readonly states: ReadonlyMap<KeyLifecycle, number>;
  readonly conditions: ReadonlyMap<Condition, number>;
  /** When the first of those that rest is done with it, in ms; null when none rests. */
  readonly nextCoolingEndAt: number | null;
  /** The smallest share of a budget that one of them has left, 0 to 1; null without budgets. */
  readonly leastRemaining: number | null;
  readonly longestStreak: number;
}

function counted<T>(values: Iterable<T>): ReadonlyMap<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function least(values: readonly (number | null)[]): number | null {
  return values.reduce((min, value) => (min === null || (value !== null && value < min) ? value : min), null);
}

/** Counts keys as they are at `now`. */
export function countKeys(keys: readonly KeyState[], now: number): KeyCounts {
  return {
    keys: keys.length,
    states: counted(keys.map(({ state }) => state)),
    conditions: counted(keys.map((key) => conditionOf(key, now).condition)),
    nextCoolingEndAt: least(keys.map((key) => coolingUntil(key, now))),
    leastRemaining: least(keys.map((key) => remainingShare(key, now))),
    longestStreak: keys.reduce((max, key) => Math.max(max, failureStreak(key)), 0),
  };
}
