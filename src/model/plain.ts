import type { Budget } from './budget.ts';
import type { KeyState } from './key.ts';
import type { TierPolicy } from './tier-policy.ts';

/** True of a budget whose windows start at their first unit, and where no debt goes on to the next. */
function isPlainBudget({ windowMs, periods, startAt, used, limit }: Budget): boolean {
  return periods === null && (windowMs === null || startAt === null || used <= limit);
}

/**
 * True where limits, budgets, state and expiry are all that matters in the row: what an update pipeline that knows no more
 * decides as `takeFromKey` does. With a policy: true where that also holds for a take under it.
 */
export function isPlain(state: KeyState, policy?: TierPolicy): boolean {
  const { traits, health, holds, budgets } = state;
  if (traits.groupId !== null || traits.rampFrom !== null || holds.length > 0) return false;
  if (health.trialAt !== null || health.trial !== null) return false;
  for (const _cooling in health.cooling) return false;
  for (const _learned in health.learned) return false;
  if (!budgets.every(isPlainBudget)) return false;
  return policy === undefined || (policy.settleTimeoutMs === null && policy.strategy !== 'most_remaining');
}
