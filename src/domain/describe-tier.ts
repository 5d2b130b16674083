import type { FailureRule } from '../model/failure-policy.ts';
import type { Feature, Limit, Tier } from '../model/tier.ts';
import type { TierPolicy } from '../model/tier-policy.ts';
import { type Described, durationText, enumText } from './field-changes.ts';

/** A limit as the audit shows it. */
export function describeLimit(limit: Limit): Described {
  return {
    limit: limit.limit,
    window: durationText(limit.windowMs),
    algorithm: enumText('LIMIT_ALGORITHM', `${limit.algorithm}_window`),
    ...(limit.guardMs === null ? {} : { guard: durationText(limit.guardMs) }),
  };
}

function describeFeature(feature: Feature): Described {
  return { name: feature.name, limits: feature.limits.map(describeLimit) };
}

function describeRule(rule: FailureRule): Described {
  return {
    outcome: enumText('OUTCOME', rule.outcome),
    cooldown: enumText('COOLDOWN_SCOPE', rule.cooldown),
    cooldown_after: rule.cooldownAfter,
    min_cooldown: durationText(rule.minCooldownMs),
    max_cooldown: durationText(rule.maxCooldownMs),
    ...(rule.quarantineAfter === null ? {} : { quarantine_after: rule.quarantineAfter }),
  };
}

function optionalSpan(ms: number | null): string | null {
  return ms === null ? null : durationText(ms);
}

function describePolicy(policy: TierPolicy): Described {
  const { ramp } = policy;
  return {
    strategy: enumText('STRATEGY', policy.strategy),
    priority: policy.priority,
    failure_rules: policy.failureRules.map(describeRule),
    trial_after: optionalSpan(policy.trialAfterMs),
    settle_timeout: optionalSpan(policy.settleTimeoutMs),
    max_in_flight: policy.maxInFlight,
    ramp: ramp === null ? null : { from_percent: ramp.fromPercent, period: durationText(ramp.periodMs) },
    alert_below: policy.alertBelow,
  };
}

/** A tier as the audit shows it. */
export function describeTier(tier: Tier): Described {
  return {
    description: tier.description,
    features: tier.features.map(describeFeature),
    ...describePolicy(tier.policy),
  };
}
