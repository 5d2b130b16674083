import type { Outcome } from './audit.ts';

/** Outcomes that say something against the key or its upstream. */
export type FailingOutcome = Exclude<Outcome, 'ok' | 'invalid_request'>;

/** What a failing outcome does to the key that was drawn. */
export interface FailureRule {
  readonly outcome: FailingOutcome;
  /** What rests: nothing, the feature it was drawn for, or the whole key. */
  readonly cooldown: 'none' | 'feature' | 'key';
  /** How many in a row before it rests: 1 to 1,000. */
  readonly cooldownAfter: number;
  /**
   * How long it rests where the upstream did not say: from `minCooldownMs`, twice as long with each one in a row, at
   * most `maxCooldownMs`; a random part of up to half is taken off, so that keys do not come back together. What the
   * upstream said is heeded up to 24 h, whatever the bounds. 100 ms to 24 h, min ≤ max.
   */
  readonly minCooldownMs: number;
  readonly maxCooldownMs: number;
  /** How many in a row quarantine the key: 1 to 1,000; null for never. */
  readonly quarantineAfter: number | null;
}

/** What the upstream says about when to come back is not heeded beyond this, in ms. */
export const RETRY_AFTER_MAX_MS = 86_400_000;

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What holds for an outcome that the tier's own rules do not name. */
export const DEFAULT_FAILURE_RULES: Readonly<Record<FailingOutcome, FailureRule>> = {
  rate_limited: {
    outcome: 'rate_limited',
    cooldown: 'feature',
    cooldownAfter: 1,
    minCooldownMs: SECOND_MS,
    maxCooldownMs: 5 * MINUTE_MS,
    quarantineAfter: null,
  },
  quota_exceeded: {
    outcome: 'quota_exceeded',
    cooldown: 'key',
    cooldownAfter: 1,
    minCooldownMs: MINUTE_MS,
    maxCooldownMs: HOUR_MS,
    quarantineAfter: null,
  },
  unauthorized: {
    outcome: 'unauthorized',
    cooldown: 'key',
    cooldownAfter: 1,
    minCooldownMs: 10 * SECOND_MS,
    maxCooldownMs: MINUTE_MS,
    quarantineAfter: 1,
  },
  forbidden: {
    outcome: 'forbidden',
    cooldown: 'feature',
    cooldownAfter: 1,
    minCooldownMs: 10 * SECOND_MS,
    maxCooldownMs: 10 * MINUTE_MS,
    quarantineAfter: 3,
  },
  upstream_error: {
    outcome: 'upstream_error',
    cooldown: 'feature',
    cooldownAfter: 3,
    minCooldownMs: SECOND_MS,
    maxCooldownMs: MINUTE_MS,
    quarantineAfter: null,
  },
  timeout: {
    outcome: 'timeout',
    cooldown: 'feature',
    cooldownAfter: 3,
    minCooldownMs: SECOND_MS,
    maxCooldownMs: MINUTE_MS,
    quarantineAfter: null,
  },
};

/** The rule that holds for an outcome; null for one that leaves the key alone. */
export function failureRuleOf(rules: readonly FailureRule[], outcome: Outcome): FailureRule | null {
  if (outcome === 'ok' || outcome === 'invalid_request') return null;
  return rules.find((rule) => rule.outcome === outcome) ?? DEFAULT_FAILURE_RULES[outcome];
}
