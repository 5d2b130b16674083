import { budgetFree, budgetNextAt } from './budget.ts';
import { coolingUntil } from './cooldown.ts';
import { inFlight, inFlightCap, slotAt } from './hold.ts';
import { type KeyState, OPEN_TAKES_MAX, type Places, RECOVERY_GRACE_MS, WHOLE_KEY } from './key.ts';
import { latest } from './meter.ts';
import { nextUnderOwn, ownLimitsOf } from './own-limits.ts';
import { remainingRank } from './remaining-rank.ts';
import { type Limit, type QueueName, queueName, type Tier } from './tier.ts';
import type { TierPolicy } from './tier-policy.ts';
import { admittedAt, healthAt } from './trial.ts';

/** A key out of every queue. */
export const NOWHERE: Places = { ready: {}, due: {} };

/** False when its values may not be handed out, but on trial: it is not active, or its time is over. */
export function isUsable(state: Pick<KeyState, 'state' | 'expireAt'>, now: number): boolean {
  return state.state === 'active' && (state.expireAt === null || now < state.expireAt);
}

/**
 * When the budgets of a key or group have `units` free, and its list of open takes a slot. Null when waiting does not
 * help; while a take is open a spent lifetime budget may still get units back, so the key waits for it to be settled.
 */
export function budgetsNextAt(
  state: Pick<KeyState, 'budgets' | 'open'>,
  units: number,
  now: number,
): number | null {
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
export function budgetSpent(state: Pick<KeyState, 'budgets'>, now: number): boolean {
  return state.budgets.some((budget) => budgetFree(budget, now) < 1);
}

/** When what concerns all features of a key allows `units`: state, rest, in-flight cap, budgets; null when never. */
export function keyNextAt(state: KeyState, policy: TierPolicy, units: number, now: number): number | null {
  return latest(
    [
      admittedAt(state, now),
      coolingUntil(state.health, WHOLE_KEY),
      slotAt(state, policy, now),
      budgetsNextAt(state, units, now),
    ],
    now,
  );
}

/** When what concerns one feature of a key allows `units`: rest and limits; null when never. */
export function featureNextAt(
  state: KeyState,
  policy: TierPolicy,
  of: { readonly feature: string; readonly limits: readonly Limit[] },
  units: number,
  now: number,
): number | null {
  const own = ownLimitsOf(state, policy, of.feature, now);
  const meters = state.meters[of.feature] ?? {};
  return latest(
    [coolingUntil(state.health, of.feature), nextUnderOwn(meters, of.limits, own, units, now)],
    now,
  );
}

/** True when all features of a key must wait, whatever their limits. For a health as it is at `now`. */
export function keyWaits(state: KeyState, policy: TierPolicy, now: number): boolean {
  return (
    budgetSpent(state, now) ||
    admittedAt(state, now) !== now ||
    coolingUntil(state.health, WHOLE_KEY) > now ||
    (state.holds.length > 0 && inFlight(state, now) >= inFlightCap(state, policy))
  );
}

/** Places of a key that none of its queues may offer before `at` (ms), such as when its group has a unit again. */
export function parkedUntil(places: Places, at: number): Places {
  const due: Record<QueueName, number> = {};
  for (const queue of Object.keys(places.ready) as QueueName[]) due[queue] = at;
  for (const [queue, was] of Object.entries(places.due) as [QueueName, number][])
    due[queue] = Math.max(was, at);
  return { ready: {}, due };
}

/**
 * The places of a whole key, worked out anew for every feature of its tier: after an edit, a reset, a recovery, a report.
 * A queue in which the key is ready keeps the rank of its last use, unless what remains or its age makes its rank.
 */
export function placesOf(
  before: KeyState,
  { id, features, policy }: Pick<Tier, 'id' | 'features' | 'policy'>,
  now: number,
): Places {
  const health = healthAt(before.health, policy, now);
  const state = health === before.health ? before : { ...before, health };
  const keyAt = keyNextAt(state, policy, 1, now);
  if (keyAt === null) return NOWHERE;
  const ready: Record<QueueName, number> = {};
  const due: Record<QueueName, number> = {};
  for (const { name: feature, limits } of features) {
    const queue = queueName(id, feature);
    const at = latest([keyAt, featureNextAt(state, policy, { feature, limits }, 1, now)], now);
    if (at === null) continue;
    if (at > now) due[queue] = at;
    else if (policy.strategy === 'most_remaining') ready[queue] = remainingRank(state, feature, limits, now);
    else if (policy.strategy === 'fill_first') ready[queue] = state.freshRank;
    else ready[queue] = state.lastRank[queue] ?? state.freshRank;
  }
  return { ready, due };
}
