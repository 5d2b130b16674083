import { cooldownEnd, cooled, retryEnd } from './cooldown.ts';
import { type FailureRule, failureRuleOf } from './failure-policy.ts';
import type { KeyHealth, KeyState } from './key.ts';
import type { ReportedDraw, ReportedKey, StoredReport } from './outcome-report.ts';
import type { TierPolicy } from './tier-policy.ts';
import { failedTrial, healthAt, nextTrialAt, wellAgain } from './trial.ts';

/** It neither quarantines the key nor lets it back. */
const unmoved = (state: KeyState): ReportedKey => ({ state, quarantined: null, released: false });

function withHealth(state: KeyState, health: KeyHealth): KeyState {
  return health === state.health ? state : { ...state, health };
}

/** Why a key is quarantined, in a plain sentence. */
function quarantineReason({ outcome, statusCode }: StoredReport, inRow: number): string {
  const status = statusCode === null ? '' : ` (status code ${statusCode})`;
  const times = inRow === 1 ? 'One of its draws was' : `${inRow} of its draws in a row were`;
  return `${times} reported as ${outcome.toUpperCase()}${status}.`;
}

/** A streak that ends; nothing more of one that is over already. */
function judgeOk(state: KeyState, draw: ReportedDraw): ReportedKey {
  const { health } = state;
  const isOld = draw.at < health.countedFrom;
  if (isOld || Object.keys(health.failures).length === 0) return unmoved(state);
  return unmoved({ ...state, health: { ...health, failures: {} } });
}

/** A draw of an incident that was counted: only a later end that the upstream named is heeded. */
function judgeOld(
  state: KeyState,
  rule: FailureRule,
  draw: ReportedDraw,
  report: StoredReport,
  now: number,
): ReportedKey {
  const { health } = state;
  const inRow = (health.failures[rule.outcome] ?? 0) + 1;
  if (report.retryAfterMs === null || inRow < rule.cooldownAfter) return unmoved(state);
  const until = retryEnd(report, now);
  if (state.state === 'quarantined') {
    const isLater = health.trialAt !== null && health.trialAt < until;
    return unmoved(isLater ? { ...state, health: { ...health, trialAt: until } } : state);
  }
  const cooling = cooled(health.cooling, rule, draw.feature, until, now);
  return unmoved(withHealth(state, cooling === health.cooling ? health : { ...health, cooling }));
}

/** One failure more in a row. */
function counted(health: KeyHealth, { outcome }: FailureRule): { inRow: number; health: KeyHealth } {
  const inRow = (health.failures[outcome] ?? 0) + 1;
  return { inRow, health: { ...health, failures: { ...health.failures, [outcome]: inRow } } };
}

function judgeTrial(state: KeyState, policy: TierPolicy, report: StoredReport, now: number): ReportedKey {
  if (report.outcome === 'ok') {
    const released: KeyState = { ...state, state: 'active', health: wellAgain(state.health, now) };
    return { state: released, quarantined: null, released: true };
  }
  const rule = failureRuleOf(policy.failureRules, report.outcome);
  const health = rule === null ? state.health : counted(state.health, rule).health;
  const failed = failedTrial(health, policy, now, retryEnd(report, now));
  return unmoved({ ...state, health: { ...failed, countedFrom: now + 1 } });
}

/** A key that nobody may draw needs no rest besides: it waits for its trial. */
function quarantined(health: KeyHealth, policy: TierPolicy, report: StoredReport, now: number): KeyHealth {
  return {
    ...health,
    cooling: {},
    countedFrom: now + 1,
    quarantinedAt: now,
    trialAt: nextTrialAt(policy, 0, now, retryEnd(report, now)),
    trial: null,
    trialsFailed: 0,
  };
}

function judgeFailure(
  state: KeyState,
  rule: FailureRule,
  policy: TierPolicy,
  draw: ReportedDraw,
  report: StoredReport,
  now: number,
): ReportedKey {
  const { inRow, health } = counted(state.health, rule);
  if (state.state === 'active' && rule.quarantineAfter !== null && inRow >= rule.quarantineAfter) {
    const after: KeyState = {
      ...state,
      state: 'quarantined',
      health: quarantined(health, policy, report, now),
    };
    return { state: after, quarantined: quarantineReason(report, inRow), released: false };
  }
  if (state.state === 'quarantined' || inRow < rule.cooldownAfter) return unmoved({ ...state, health });
  const cooling = cooled(health.cooling, rule, draw.feature, cooldownEnd(rule, inRow, report, now), now);
  // Draws of this very moment were made before it rests.
  const countedFrom = cooling === health.cooling ? health.countedFrom : now + 1;
  return unmoved({ ...state, health: { ...health, cooling, countedFrom } });
}

/**
 * What an outcome says of the key that was drawn, by the rules of its tier: a streak, a rest, a quarantine, the end of a
 * trial. Places are not moved. The same state where it says nothing.
 */
export function judgeOutcome(
  before: KeyState,
  policy: TierPolicy,
  draw: ReportedDraw,
  report: StoredReport,
  now: number,
): ReportedKey {
  const state = withHealth(before, healthAt(before.health, policy, now));
  const isTrial = state.state === 'quarantined' && state.health.trial?.take === draw.take;
  if (isTrial) return judgeTrial(state, policy, report, now);
  if (report.outcome === 'ok') return judgeOk(state, draw);
  const rule = failureRuleOf(policy.failureRules, report.outcome);
  if (rule === null) return unmoved(state);
  if (draw.at < state.health.countedFrom) return judgeOld(state, rule, draw, report, now);
  return judgeFailure(state, rule, policy, draw, report, now);
}
