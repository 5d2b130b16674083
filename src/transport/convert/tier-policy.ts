import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Outcome as OutcomeValue } from '../../../gen/keypool/v1/outcome_pb.ts';
import {
  CooldownScope,
  type FailureRule as FailureRuleMessage,
  type FailureRuleSchema,
  Strategy as StrategyValue,
  type Tier as TierMessage,
  type TierSchema,
} from '../../../gen/keypool/v1/tier_pb.ts';
import { invalidField } from '../../domain/errors.ts';
import type { FailingOutcome, FailureRule } from '../../model/failure-policy.ts';
import type { Strategy, TierPolicy } from '../../model/tier-policy.ts';
import { durationFromMs, msFromDuration } from './time.ts';
import { fromOutcome, toOutcome } from './usage-event.ts';

const STRATEGY = {
  least_recently_used: StrategyValue.LEAST_RECENTLY_USED,
  weighted: StrategyValue.WEIGHTED,
  fill_first: StrategyValue.FILL_FIRST,
  most_remaining: StrategyValue.MOST_REMAINING,
} as const satisfies Record<Strategy, StrategyValue>;

const STRATEGY_OF = new Map(Object.entries(STRATEGY).map(([name, value]) => [value, name as Strategy]));

const COOLDOWN = {
  none: CooldownScope.NONE,
  feature: CooldownScope.FEATURE,
  key: CooldownScope.KEY,
} as const satisfies Record<FailureRule['cooldown'], CooldownScope>;

/** What a rule says of a rest that it does not bound, in ms. */
const MIN_COOLDOWN_MS = 1000;
const MAX_COOLDOWN_MS = 300_000;

type Span = Parameters<typeof msFromDuration>[0];

function optionalSpan(duration: Span | undefined): number | null {
  return duration === undefined ? null : msFromDuration(duration);
}

function toCooldown(scope: CooldownScope): FailureRule['cooldown'] {
  if (scope === CooldownScope.NONE) return 'none';
  return scope === CooldownScope.KEY ? 'key' : 'feature';
}

function failingOutcome(value: OutcomeValue): FailingOutcome {
  const outcome = toOutcome(value);
  if (outcome === null || outcome === 'ok' || outcome === 'invalid_request')
    throw invalidField('tier.failureRules.outcome', 'name an outcome that speaks against a key');
  return outcome;
}

function toRule(rule: FailureRuleMessage): FailureRule {
  const minCooldownMs = optionalSpan(rule.minCooldown) ?? MIN_COOLDOWN_MS;
  return {
    outcome: failingOutcome(rule.outcome),
    cooldown: toCooldown(rule.cooldown),
    cooldownAfter: rule.cooldownAfter ?? 1,
    minCooldownMs,
    maxCooldownMs: optionalSpan(rule.maxCooldown) ?? Math.max(MAX_COOLDOWN_MS, minCooldownMs),
    quarantineAfter: rule.quarantineAfter ?? null,
  };
}

function fromRule(rule: FailureRule): MessageInitShape<typeof FailureRuleSchema> {
  return {
    outcome: fromOutcome(rule.outcome),
    cooldown: COOLDOWN[rule.cooldown],
    cooldownAfter: rule.cooldownAfter,
    minCooldown: durationFromMs(rule.minCooldownMs),
    maxCooldown: durationFromMs(rule.maxCooldownMs),
    quarantineAfter: rule.quarantineAfter ?? undefined,
  };
}

/** The parts of a policy by the names that their fields have in the contract. */
export const POLICY_FIELDS: Readonly<Record<string, (tier: TierMessage) => Partial<TierPolicy>>> = {
  strategy: ({ strategy }) => ({ strategy: STRATEGY_OF.get(strategy as never) ?? 'least_recently_used' }),
  priority: ({ priority }) => ({ priority }),
  failure_rules: ({ failureRules }) => ({ failureRules: failureRules.map(toRule) }),
  trial_after: ({ trialAfter }) => ({ trialAfterMs: optionalSpan(trialAfter) }),
  settle_timeout: ({ settleTimeout }) => ({ settleTimeoutMs: optionalSpan(settleTimeout) }),
  max_in_flight: ({ maxInFlight = null }) => ({ maxInFlight }),
  ramp: ({ ramp }) => ({
    ramp:
      ramp === undefined ? null : { fromPercent: ramp.fromPercent, periodMs: optionalSpan(ramp.period) ?? 0 },
  }),
  alert_below: ({ alertBelow = null }) => ({ alertBelow }),
};

/** All of a policy. */
export function toPolicy(tier: TierMessage): Partial<TierPolicy> {
  return Object.assign({}, ...Object.values(POLICY_FIELDS).map((read) => read(tier)));
}

export function fromPolicy(policy: TierPolicy): MessageInitShape<typeof TierSchema> {
  const { trialAfterMs, settleTimeoutMs, ramp } = policy;
  return {
    strategy: STRATEGY[policy.strategy],
    priority: policy.priority,
    failureRules: policy.failureRules.map(fromRule),
    trialAfter: trialAfterMs === null ? undefined : durationFromMs(trialAfterMs),
    settleTimeout: settleTimeoutMs === null ? undefined : durationFromMs(settleTimeoutMs),
    maxInFlight: policy.maxInFlight ?? undefined,
    ramp:
      ramp === null ? undefined : { fromPercent: ramp.fromPercent, period: durationFromMs(ramp.periodMs) },
    alertBelow: policy.alertBelow ?? undefined,
  };
}
