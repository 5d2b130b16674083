import type { FailureRule } from '../model/failure-policy.ts';
import { HOLDS_MAX, type TierPolicy } from '../model/tier-policy.ts';
import { checkDistinct, checkInteger, must, type Violations } from './check-field.ts';

const PRIORITY_MAX = 1000;
const IN_A_ROW_MAX = 1000;
const ALERT_BELOW_MAX = 1000;
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const COOLDOWN_MIN_MS = 100;

function checkSpan(
  ms: number,
  [min, max, text]: readonly [number, number, string],
  into: Violations,
  field: string,
): void {
  const holds = Number.isSafeInteger(ms) && ms >= min && ms <= max;
  must(holds, into, field, `must be ${text}, in whole milliseconds`);
}

const COOLDOWN = [COOLDOWN_MIN_MS, DAY_MS, '0.1s to 24 hours'] as const;

function checkRule(rule: FailureRule, into: Violations, path: string): void {
  checkInteger(rule.cooldownAfter, 1, IN_A_ROW_MAX, into, `${path}.cooldownAfter`);
  checkSpan(rule.minCooldownMs, COOLDOWN, into, `${path}.minCooldown`);
  checkSpan(rule.maxCooldownMs, COOLDOWN, into, `${path}.maxCooldown`);
  const ordered = rule.minCooldownMs <= rule.maxCooldownMs;
  must(ordered, into, `${path}.maxCooldown`, 'must not be shorter than minCooldown');
  if (rule.quarantineAfter !== null)
    checkInteger(rule.quarantineAfter, 1, IN_A_ROW_MAX, into, `${path}.quarantineAfter`);
}

/** What is wrong with these parts of a policy, at `path` in the request; those not given are left aside. */
export function checkTierPolicy(policy: Partial<TierPolicy>, into: Violations, path: string): void {
  const { priority, failureRules, trialAfterMs, settleTimeoutMs, maxInFlight, ramp, alertBelow } = policy;
  if (priority !== undefined) checkInteger(priority, 0, PRIORITY_MAX, into, `${path}.priority`);
  for (const [i, rule] of (failureRules ?? []).entries()) checkRule(rule, into, `${path}.failureRules[${i}]`);
  checkDistinct(
    failureRules ?? [],
    ({ outcome }) => outcome,
    into,
    (i) => `${path}.failureRules[${i}].outcome`,
    'name each outcome once',
  );
  if (trialAfterMs != null)
    checkSpan(trialAfterMs, [SECOND_MS, 30 * DAY_MS, '1s to 30 days'], into, `${path}.trialAfter`);
  if (settleTimeoutMs != null)
    checkSpan(settleTimeoutMs, [SECOND_MS, DAY_MS, '1s to 24 hours'], into, `${path}.settleTimeout`);
  if (maxInFlight != null) checkInteger(maxInFlight, 1, HOLDS_MAX, into, `${path}.maxInFlight`);
  if (ramp != null) {
    checkInteger(ramp.fromPercent, 1, 99, into, `${path}.ramp.fromPercent`);
    checkSpan(ramp.periodMs, [SECOND_MS, 366 * DAY_MS, '1s to 366 days'], into, `${path}.ramp.period`);
  }
  if (alertBelow != null) checkInteger(alertBelow, 1, ALERT_BELOW_MAX, into, `${path}.alertBelow`);
}

/** What is wrong with a whole policy, its parts taken together. */
export function checkPolicyTogether(policy: TierPolicy, into: Violations, path: string): void {
  must(
    policy.maxInFlight === null || policy.settleTimeoutMs !== null,
    into,
    `${path}.settleTimeout`,
    'must be set where maxInFlight is: it bounds how long an unreported draw counts',
  );
}
