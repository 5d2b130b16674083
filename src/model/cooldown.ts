import { type FailureRule, RETRY_AFTER_MAX_MS } from './failure-policy.ts';
import { type KeyHealth, WHOLE_KEY } from './key.ts';

/** A part of a key that rests: a feature, or `*` for all of them; until when, in ms. */
export interface Cooldown {
  readonly feature: string;
  readonly until: number;
}

type Cooling = KeyHealth['cooling'];

/** Until when (ms) a feature rests by itself, or (`*`) the whole key; 0 where it does not. */
export function coolingUntil({ cooling }: Pick<KeyHealth, 'cooling'>, feature: string): number {
  return Object.hasOwn(cooling, feature) ? (cooling[feature] ?? 0) : 0;
}

/** What rests at `now`, in alphabetical order. */
export function cooldownsAt({ cooling }: Pick<KeyHealth, 'cooling'>, now: number): readonly Cooldown[] {
  return Object.entries(cooling)
    .filter(([, until]) => until > now)
    .map(([feature, until]) => ({ feature, until }))
    .sort((a, b) => (a.feature < b.feature ? -1 : 1));
}

/** Cooldowns that have not ended; the same object where none has. */
export function liveCooling(cooling: Cooling, now: number): Cooling {
  const entries = Object.entries(cooling);
  const live = entries.filter(([, until]) => until > now);
  return live.length === entries.length ? cooling : Object.fromEntries(live);
}

/** Until when (ms) the upstream said not to come back, up to 24 h; `now` when it said nothing. */
export function retryEnd(report: { readonly retryAfterMs: number | null }, now: number): number {
  return now + Math.min(report.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
}

/**
 * When a rest ends that begins at `now`: as the upstream said; else after the rule's least, doubled with each failure in a
 * row beyond the first that counts, up to its most, less a part (`jitter`, 0 to 1) of half of it.
 */
export function cooldownEnd(
  rule: FailureRule,
  inRow: number,
  report: { readonly retryAfterMs: number | null; readonly jitter: number },
  now: number,
): number {
  if (report.retryAfterMs !== null) return retryEnd(report, now);
  const doublings = Math.max(0, inRow - rule.cooldownAfter);
  const longest = Math.min(rule.maxCooldownMs, rule.minCooldownMs * 2 ** doublings);
  return now + Math.max(1, Math.round(longest * (1 - report.jitter / 2)));
}

/** The cooldowns with one more, of which the later end holds; the same object where that changes nothing. */
export function cooled(
  cooling: Cooling,
  rule: FailureRule,
  feature: string,
  until: number,
  now: number,
): Cooling {
  if (rule.cooldown === 'none' || until <= now) return cooling;
  const what = rule.cooldown === 'key' ? WHOLE_KEY : feature;
  if (coolingUntil({ cooling }, what) >= until) return cooling;
  return { ...liveCooling(cooling, now), [what]: until };
}
