import { type KeyHealth, type KeyState, WELL } from './key.ts';
import { SETTLE_DEFAULT_MS, type TierPolicy } from './tier-policy.ts';

/** The longest that a key waits for its next trial, in ms: 30 days. */
export const TRIAL_WAIT_MAX_MS = 2_592_000_000;

/**
 * When the next trial is due where `failed` have failed and the last one, or the quarantine, was at `at`; not before
 * `retryAt`. Null where only an admin gives one.
 */
export function nextTrialAt(policy: TierPolicy, failed: number, at: number, retryAt = at): number | null {
  if (policy.trialAfterMs === null) return null;
  return Math.max(retryAt, at + Math.min(TRIAL_WAIT_MAX_MS, policy.trialAfterMs * 2 ** failed));
}

/** After a trial that failed at `at`; the next is not before `retryAt`. */
export function failedTrial(health: KeyHealth, policy: TierPolicy, at: number, retryAt = at): KeyHealth {
  const trialsFailed = health.trialsFailed + 1;
  return { ...health, trial: null, trialsFailed, trialAt: nextTrialAt(policy, trialsFailed, at, retryAt) };
}

/** Health as it is at `now`: a trial whose report has not come in time has failed. The same object where none has. */
export function healthAt(health: KeyHealth, policy: TierPolicy, now: number): KeyHealth {
  const { trial } = health;
  return trial === null || now < trial.until ? health : failedTrial(health, policy, trial.until);
}

/** A quarantined key that was just given its draw on trial. */
export function onTrial(health: KeyHealth, policy: TierPolicy, take: string, now: number): KeyHealth {
  return { ...health, trial: { take, until: now + (policy.settleTimeoutMs ?? SETTLE_DEFAULT_MS) } };
}

/** Health where a draw's value did not leave: had it been on trial, that was none, and the next draw is. */
export function withoutTrial(health: KeyHealth, take: string): KeyHealth {
  return health.trial?.take === take ? { ...health, trial: null } : health;
}

/**
 * Health after a quarantine has ended at `now`, or another state has begun: what draws before then come to says nothing
 * more. Which reports have changed the row stays known.
 */
export function wellAgain({ applied }: Pick<KeyHealth, 'applied'>, now: number): KeyHealth {
  return { ...WELL, countedFrom: now, applied };
}

/** Outcomes reported in a row, since the last `ok`, that speak against the key. */
export function failureStreak({ failures }: Pick<KeyHealth, 'failures'>): number {
  return Object.values(failures).reduce((sum, n) => sum + n, 0);
}

/**
 * From when on (ms) the key's state lets a draw be made: `now` of a usable one, its next trial (or when the one under way
 * is over) of a quarantined one, null where only an edit brings it back. For a health as it is at `now`.
 */
export function admittedAt(
  { state, expireAt, health }: Pick<KeyState, 'state' | 'expireAt' | 'health'>,
  now: number,
): number | null {
  if (expireAt !== null && expireAt <= now) return null;
  if (state === 'active') return now;
  if (state !== 'quarantined') return null;
  const at = health.trial === null ? health.trialAt : health.trial.until;
  return at === null ? null : Math.max(at, now);
}
