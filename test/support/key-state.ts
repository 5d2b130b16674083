import type { Budget } from '../../src/model/budget.ts';
import { type KeyState, PLAIN_TRAITS, WELL } from '../../src/model/key.ts';
import { placesOf } from '../../src/model/place.ts';
import type { TakeRequest } from '../../src/model/take.ts';
import { type Limit, queueName, type Tier } from '../../src/model/tier.ts';
import { PLAIN_POLICY } from '../../src/model/tier-policy.ts';

const DAY_MS = 86_400_000;

/** A tier named `tier` with these limits by feature. */
export function tierOf(features: Readonly<Record<string, readonly Limit[]>>, id = 'tier'): Tier {
  return {
    id,
    description: '',
    features: Object.entries(features).map(([name, limits]) => ({ name, limits })),
    policy: PLAIN_POLICY,
    revision: 1,
    createdAt: 0,
    updatedAt: 0,
  };
}

/** A budget that has counted nothing; a window of null is for life. */
export function budgetOf(limit: number, windowMs: number | null = null, epoch = 0): Budget {
  return { limit, windowMs, periods: null, used: 0, startAt: null, epoch, countsFrom: 0 };
}

/** An active key that was never drawn, in its places at `now`. */
export function stateOf(tier: Tier, parts: Partial<KeyState> = {}, now = 0): KeyState {
  const budgets = parts.budgets ?? [];
  const state: KeyState = {
    state: 'active',
    expireAt: null,
    revision: tier.revision,
    takenAt: 0,
    meters: {},
    budgets,
    epoch: Math.max(0, ...budgets.map(({ epoch }) => epoch)),
    open: [],
    lastRank: {},
    freshRank: -1,
    ready: {},
    due: {},
    traits: PLAIN_TRAITS,
    health: WELL,
    holds: [],
    ...parts,
  };
  return { ...state, ...placesOf(state, tier, now) };
}

let takes = 0;

/** A take of one draw of one unit, unless `parts` says otherwise. */
export function takeOf(tier: Tier, feature: string, parts: Partial<TakeRequest> = {}): TakeRequest {
  takes += 1;
  return {
    take: `take-${takes}`,
    queue: queueName(tier.id, feature),
    feature,
    limits: tier.features.find(({ name }) => name === feature)?.limits ?? [],
    policy: tier.policy,
    revision: tier.revision,
    units: 1,
    count: 1,
    rank: takes,
    openMs: DAY_MS,
    settled: [],
    charge: 'all',
    ...parts,
  };
}
