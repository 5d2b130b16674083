import type { FailureRule } from './failure-policy.ts';

/**
 * Which of the ready keys is next. `least_recently_used`: the one that was drawn longest ago. `weighted`: in turns, each
 * key as often as its weight says. `fill_first`: the oldest key that can serve, until it cannot. `most_remaining`: the
 * one with the largest part of its budgets (or, without any, of its limits) left.
 */
export type Strategy = 'least_recently_used' | 'weighted' | 'fill_first' | 'most_remaining';

/** How a new key comes up to its limits: from a part of each of them, steadily, to all within a period. */
export interface Ramp {
  /** 1 to 99 of a hundred. */
  readonly fromPercent: number;
  /** 1 s to 366 days. */
  readonly periodMs: number;
}

/** How the keys of a tier are chosen and treated, besides limits. */
export interface TierPolicy {
  readonly strategy: Strategy;
  /** 0 to 1,000: a draw goes to a tier only when none of a lower number can serve it. */
  readonly priority: number;
  /** Each outcome once; what is not named is treated as {@link DEFAULT_FAILURE_RULES} say. */
  readonly failureRules: readonly FailureRule[];
  /** How long after it was quarantined by outcomes a key gets a trial draw, in ms, 1 s to 30 days; null: by hand only. */
  readonly trialAfterMs: number | null;
  /**
   * How long a draw waits for its report, in ms, 1 s to 24 h: so long it counts as in flight and its units as reserved,
   * and so long a report settles them. Null: nothing is kept of a draw that is under way, and a report settles within
   * {@link SETTLE_DEFAULT_MS}.
   */
  readonly settleTimeoutMs: number | null;
  /** Draws of one key that may be in flight at once, 1 to {@link HOLDS_MAX}; null: any number. Needs `settleTimeoutMs`. */
  readonly maxInFlight: number | null;
  readonly ramp: Ramp | null;
  /** An alert is raised when fewer keys than this can be drawn for a feature, 1 to 1,000; null for none. */
  readonly alertBelow: number | null;
}

export const PLAIN_POLICY: TierPolicy = {
  strategy: 'least_recently_used',
  priority: 0,
  failureRules: [],
  trialAfterMs: null,
  settleTimeoutMs: null,
  maxInFlight: null,
  ramp: null,
  alertBelow: null,
};

/** Draws in flight that a key's row remembers, where its tier has a `settleTimeoutMs`; one more makes the key wait. */
export const HOLDS_MAX = 256;

/** Within this time a report settles the units of a draw whose tier does not say, in ms. */
export const SETTLE_DEFAULT_MS = 3_600_000;

/** True where a take has more to see to than limits and budgets; of a ramp each row tells itself. */
export function needsMoreThanMeters(policy: TierPolicy): boolean {
  return policy.settleTimeoutMs !== null || policy.strategy === 'most_remaining';
}

/** True where two policies leave a key in the same places: the same order, and nothing that would let it be drawn sooner. */
export function placesAlike(a: TierPolicy, b: TierPolicy): boolean {
  return (
    a.strategy === b.strategy &&
    a.settleTimeoutMs === b.settleTimeoutMs &&
    a.maxInFlight === b.maxInFlight &&
    a.ramp?.fromPercent === b.ramp?.fromPercent &&
    a.ramp?.periodMs === b.ramp?.periodMs
  );
}
