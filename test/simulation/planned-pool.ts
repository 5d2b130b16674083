import { guardMs, type Limit, type Tier } from '../../src/model/tier.ts';
import { PLAIN_POLICY } from '../../src/model/tier-policy.ts';
import type { PlannedGroup } from './planned-sharing.ts';
import type { Random } from './random.ts';

/** A key of the pool; each budget's window in ms, null for life. */
export interface PlannedKey {
  readonly id: string;
  readonly tierId: string;
  readonly budgets: readonly { readonly limit: number; readonly windowMs: number | null }[];
}

const FEATURES = ['scrape', 'map:v2'] as const;

const WINDOWS_MS = [300, 500, 1000, 2000, 4000] as const;

/** Guards of everything in a pool that has a window, in ms. */
export function guardsIn(tiers: readonly Tier[], keys: readonly PlannedKey[]): number[] {
  return [...tiers.flatMap(guardsOf), ...keys.flatMap(budgetGuards)];
}

function guardsOf({ features }: Tier): number[] {
  return features.flatMap(({ limits }) => limits.map(guardMs));
}

/** Guards of what a quota group has windows for, in ms. */
export function groupGuards({ limits, budgets }: Pick<PlannedGroup, 'limits' | 'budgets'>): number[] {
  return [...limits.map(guardMs), ...budgetGuards({ budgets })];
}

function budgetGuards({ budgets }: Pick<PlannedKey, 'budgets'>): number[] {
  return budgets.flatMap(({ windowMs }) => (windowMs === null ? [] : [guardMs({ windowMs })]));
}

function limitOf(random: Random, isAmple: boolean): Limit {
  if (isAmple)
    return {
      limit: random.int(5, 12),
      windowMs: random.pick([1000, 2000]),
      algorithm: 'sliding',
      guardMs: null,
    };
  return {
    limit: random.chance(0.1) ? random.int(33, 40) : random.int(1, 6),
    windowMs: random.pick(WINDOWS_MS),
    algorithm: random.chance(0.75) ? 'sliding' : 'fixed',
    guardMs: random.chance(0.8) ? null : random.pick([60, 150, 400]),
  };
}

/** A tier of one or two features; ample: with sliding limits that are not reached at once. */
export function tierOf(random: Random, id: string, isAmple: boolean): Tier {
  const names = random.chance(0.5) ? FEATURES : [random.pick(FEATURES)];
  const features = names.map((name) => ({
    name,
    limits: Array.from({ length: random.pick([0, 1, 1, 1, 2]) }, () => limitOf(random, isAmple)),
  }));
  return { id, description: '', features, policy: PLAIN_POLICY, revision: 1, createdAt: 0, updatedAt: 0 };
}

/** The keys of a tier: all with lifetime budgets, or none; ample: several, without other budgets. */
export function keysOf(random: Random, { id: tierId }: Tier, isAmple: boolean): PlannedKey[] {
  const runsOut = random.chance(0.75);
  return Array.from({ length: isAmple ? 4 : random.int(1, 4) }, (_, i) => {
    const budgets: { limit: number; windowMs: number | null }[] = [];
    if (runsOut) budgets.push({ limit: isAmple ? random.int(6, 12) : random.int(2, 12), windowMs: null });
    if (!isAmple && random.chance(0.3))
      budgets.push({ limit: random.int(2, 6), windowMs: random.pick([1000, 2000, 4000]) });
    return { id: `${tierId}-key${i}`, tierId, budgets };
  });
}
