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

/**
 * What binds in a pool. `ample`: limits that are not reached at once; `coarse`: limits so high that their stamps are not
 * exact, and draws of so many units that they are reached.
 */
export type PoolKind = 'tight' | 'ample' | 'coarse';

const COARSE_WINDOWS_MS = [4000, 8000] as const;

/** The limit of a feature with this index. */
function limitOf(random: Random, kind: PoolKind, index: number): Limit {
  const loose = { algorithm: 'sliding', guardMs: null } as const;
  if (kind === 'ample') return { limit: random.int(5, 12), windowMs: random.pick([1000, 2000]), ...loose };
  if (kind === 'coarse')
    return { limit: random.int(33, 50), windowMs: COARSE_WINDOWS_MS[index] ?? 4000, ...loose };
  return {
    limit: random.chance(0.1) ? random.int(33, 40) : random.int(1, 6),
    windowMs: random.pick(WINDOWS_MS),
    algorithm: random.chance(0.75) ? 'sliding' : 'fixed',
    guardMs: random.chance(0.8) ? null : random.pick([60, 150, 400]),
  };
}

/** A tier of one or two features. */
export function tierOf(random: Random, id: string, kind: PoolKind): Tier {
  const names = random.chance(0.5) ? FEATURES : [random.pick(FEATURES)];
  const counts = kind === 'coarse' ? ([1, 1, 2] as const) : ([0, 1, 1, 1, 2] as const);
  const features = names.map((name) => ({
    name,
    limits: Array.from({ length: random.pick(counts) }, (_, i) => limitOf(random, kind, i)),
  }));
  return { id, description: '', features, policy: PLAIN_POLICY, revision: 1, createdAt: 0, updatedAt: 0 };
}

/** How many keys a tier has, and the limits of their lifetime budgets. */
const SIZES = {
  tight: { keys: [1, 4], budget: [2, 12] },
  ample: { keys: [4, 4], budget: [6, 12] },
  coarse: { keys: [1, 2], budget: [60, 90] },
} as const;

/** The keys of a tier: all with lifetime budgets, or none; others only where limits are tight. */
export function keysOf(random: Random, { id: tierId }: Tier, kind: PoolKind): PlannedKey[] {
  const runsOut = random.chance(0.75);
  const sizes = SIZES[kind];
  return Array.from({ length: random.int(sizes.keys[0], sizes.keys[1]) }, (_, i) => {
    const budgets: { limit: number; windowMs: number | null }[] = [];
    if (runsOut) budgets.push({ limit: random.int(sizes.budget[0], sizes.budget[1]), windowMs: null });
    if (kind === 'tight' && random.chance(0.3))
      budgets.push({ limit: random.int(2, 6), windowMs: random.pick([1000, 2000, 4000]) });
    return { id: `${tierId}-key${i}`, tierId, budgets };
  });
}
