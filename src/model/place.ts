import { budgetFree, budgetNextAt } from './budget.ts';
import { type KeyState, OPEN_TAKES_MAX, type Places, RECOVERY_GRACE_MS } from './key.ts';
import { latest, nextUnderAll } from './meter.ts';
import { type QueueName, queueName, type Tier } from './tier.ts';

/** A key out of every queue. */
export const NOWHERE: Places = { ready: {}, due: {} };

/** False when only an edit can bring the key back: it is not active, or its time is over. */
export function isUsable(state: KeyState, now: number): boolean {
  return state.state === 'active' && (state.expireAt === null || now < state.expireAt);
}

/**
 * When the key's budgets have `units` free, and its list of open takes a slot. Null when waiting does not help; while
 * a take is open a spent lifetime budget may still get units back, so the key waits for the take to be settled.
 */
export function budgetsNextAt(state: KeyState, units: number, now: number): number | null {
  if (state.budgets.length === 0) return now;
  const firstEnd = Math.min(...state.open.map((take) => take.end)) + RECOVERY_GRACE_MS;
  const settledAt = Math.max(now + 1, firstEnd);
  const moments = state.budgets.map((budget) => {
    const at = budgetNextAt(budget, units, now);
    return at === null && units <= budget.limit && state.open.length > 0 ? settledAt : at;
  });
  if (state.open.length >= OPEN_TAKES_MAX) moments.push(settledAt);
  return latest(moments, now);
}

/** True when some budget has no unit left at `now`: that concerns all features of the key. */
export function budgetSpent(state: KeyState, now: number): boolean {
  return state.budgets.some((budget) => budgetFree(budget, now) < 1);
}

/**
 * The places of a whole key, worked out anew for every feature of its tier: after an edit, a reset, a recovery.
 * A queue in which the key is ready keeps the rank of its last use.
 */
export function placesOf(state: KeyState, tier: Pick<Tier, 'id' | 'features'>, now: number): Places {
  if (!isUsable(state, now)) return NOWHERE;
  const budgetsAt = budgetsNextAt(state, 1, now);
  if (budgetsAt === null) return NOWHERE;
  const ready: Record<QueueName, number> = {};
  const due: Record<QueueName, number> = {};
  for (const feature of tier.features) {
    const queue = queueName(tier.id, feature.name);
    const at = latest(
      [budgetsAt, nextUnderAll(state.meters[feature.name] ?? {}, feature.limits, 1, now)],
      now,
    );
    if (at === null) continue;
    if (at <= now) ready[queue] = state.lastRank[queue] ?? state.freshRank;
    else due[queue] = at;
  }
  return { ready, due };
}
