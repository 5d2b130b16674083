import { budgetRemaining } from './budget-view.ts';
import type { KeyState } from './key.ts';
import { freeUnderAll } from './meter.ts';
import { madeAt } from './rank.ts';
import type { Limit } from './tier.ts';

/** Steps that a share is told apart in. */
export const SHARES = 2 ** 18;
/** Ranks in a step: the tenths of a second in which equals were made, from 1970 to 2078. */
const EQUALS = 2 ** 35;
const EQUALS_US = 100_000;
/** Keys with any bound stand from here to 2^52 + 2^35. */
const BOUNDED_MIN = -(2 ** 52);
/** Before those stand keys that nothing bounds: never drawn ones by the microsecond they were made in, then the others. */
const DRAWN_MIN = Number.MIN_SAFE_INTEGER + 3e15;

/** The step in which a rank stands: the lower, the more is left. Keys that nothing bounds share one. */
export function remainingStep(rank: number): number {
  return Math.max(BOUNDED_MIN / EQUALS - 1, Math.floor(rank / EQUALS));
}

/** Where a key goes on of which as much has gone as these steps say. */
export function rankAfterSteps(rank: number, steps: number): number {
  return rank + steps * EQUALS;
}

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

function within(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/**
 * The rank of a key whose tier is `most_remaining`: a safe integer, the lower the more is left. Equals stand in the order
 * they were made in; those without any bound before all, the never drawn ones first, then the one drawn longest ago.
 */
export function remainingRank(
  state: Pick<KeyState, 'budgets' | 'meters' | 'freshRank' | 'takenAt'>,
  feature: string,
  limits: readonly Limit[],
  now: number,
): number {
  const share = remainingShare(state, feature, limits, now);
  const made = madeAt(state.freshRank);
  if (share !== null) {
    const order = within(Math.floor(made / EQUALS_US), 0, EQUALS - 1);
    return BOUNDED_MIN + (SHARES - Math.floor(share * SHARES)) * EQUALS + order;
  }
  if (state.takenAt === 0) return within(Number.MIN_SAFE_INTEGER + made, Number.MIN_SAFE_INTEGER, DRAWN_MIN);
  return within(DRAWN_MIN + state.takenAt, DRAWN_MIN, BOUNDED_MIN - 1);
}
