import { budgetRemaining } from './budget-view.ts';
import type { KeyState } from './key.ts';
import { freeUnderAll } from './meter.ts';
import type { Limit } from './tier.ts';

/** Steps that a share is told apart in; with the 32 bits of the order among equals a rank stays below 2^53. */
export const SHARES = 2 ** 20;
export const EQUALS = 2 ** 32;

/** What part (0 to 1) of its budgets a key has left, the scarcest one counts; without any, of its limits; null without. */
export function remainingShare(
  state: Pick<KeyState, 'budgets' | 'meters'>,
  feature: string,
  limits: readonly Limit[],
  now: number,
): number | null {
  const shares =
    state.budgets.length > 0
      ? state.budgets.map((budget) => budgetRemaining(budget, now) / budget.limit)
      : limits.map((limit) => freeUnderAll(state.meters[feature] ?? {}, [limit], now) / limit.limit);
  return shares.length === 0 ? null : Math.min(...shares);
}

/**
 * The rank of a key whose tier is `most_remaining`: an integer from -2^52 to 2^32, the lower the more is left. Equals
 * stand in the order they were made in; those without any bound before all, the one drawn longest ago first.
 */
export function remainingRank(
  state: Pick<KeyState, 'budgets' | 'meters' | 'freshRank' | 'takenAt'>,
  feature: string,
  limits: readonly Limit[],
  now: number,
): number {
  const share = remainingShare(state, feature, limits, now);
  const among = share === null && state.takenAt > 0 ? state.takenAt : state.freshRank;
  const order = ((among % EQUALS) + EQUALS) % EQUALS;
  return order - Math.floor((share ?? 1) * SHARES) * EQUALS;
}
