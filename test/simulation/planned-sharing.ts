import type { Budget } from '../../src/model/budget.ts';
import type { Limit, Tier } from '../../src/model/tier.ts';
import type { PlannedKey } from './planned-pool.ts';
import type { Random } from './random.ts';

/** Keys that share quotas; each budget's window in ms, null for life. */
export interface PlannedGroup {
  readonly id: string;
  readonly limits: readonly Limit[];
  readonly budgets: readonly Pick<Budget, 'limit' | 'windowMs'>[];
  readonly keyIds: readonly string[];
}

/** What callers say of their draws. */
export interface PlannedReports {
  /** How often they say anything, 0 to 1. */
  readonly share: number;
  /** How often they used other units than they drew. Only where nothing ends the time for that. */
  readonly unitsShare: number;
  /** The longest that a call to the upstream takes, in ms. */
  readonly tookMaxMs: number;
}

export interface PlannedSharing {
  readonly tiers: readonly Tier[];
  readonly groups: readonly PlannedGroup[];
  readonly reports: PlannedReports;
}

const SILENT: PlannedReports = { share: 0, unitsShare: 0, tookMaxMs: 0 };

function groupOf(random: Random, keys: readonly PlannedKey[]): PlannedGroup {
  const limit = (): Limit => ({
    limit: random.int(1, 10),
    windowMs: random.pick([500, 1000, 2000]),
    algorithm: random.chance(0.8) ? 'sliding' : 'fixed',
    guardMs: null,
  });
  const limits = random.chance(0.6) ? [limit()] : [];
  const life = random.chance(0.6) ? [{ limit: random.int(2, 16), windowMs: null }] : [];
  const windowed = random.chance(0.3)
    ? [{ limit: random.int(2, 8), windowMs: random.pick([1000, 3000]) }]
    : [];
  const members = keys.filter(() => random.chance(0.8)).map(({ id }) => id);
  return { id: 'account', limits, budgets: [...life, ...windowed], keyIds: members };
}

/** Whether, and what, the keys of a pool share, how many draws of a key may be in flight, and what is reported. */
export function sharingOf(
  random: Random,
  tiers: readonly Tier[],
  keys: readonly PlannedKey[],
): PlannedSharing {
  if (random.chance(0.5)) return { tiers, groups: [], reports: SILENT };
  const isHeld = random.chance(0.5);
  const policy = {
    settleTimeoutMs: random.pick([600, 1500, 4000]),
    maxInFlight: random.pick([1, 2, 3]),
    // Failures are counted, and nothing comes of them.
    failureRules: [
      {
        outcome: 'upstream_error',
        cooldown: 'none',
        cooldownAfter: 1,
        minCooldownMs: 1000,
        maxCooldownMs: 1000,
        quarantineAfter: null,
      },
    ],
  } as const;
  const { settleTimeoutMs, maxInFlight, failureRules } = policy;
  const held = isHeld ? { settleTimeoutMs, maxInFlight, failureRules } : { failureRules };
  return {
    tiers: tiers.map((tier) => ({ ...tier, policy: { ...tier.policy, ...held } })),
    groups: random.chance(0.7) ? [groupOf(random, keys)] : [],
    reports: {
      share: random.pick([0.3, 0.7, 1]),
      unitsShare: isHeld ? 0 : random.pick([0, 0.3]),
      tookMaxMs: random.pick([20, 300, 1500]),
    },
  };
}
