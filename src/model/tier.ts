import type { TierPolicy } from './tier-policy.ts';

/** How a limit's window moves: `sliding` is strict over every trailing window, `fixed` starts at its first unit. */
export type Algorithm = 'sliding' | 'fixed';

/** At most `limit` units in any window of `windowMs`. Bounds: limit 1..1e9, window 100 ms..366 days. */
export interface Limit {
  readonly limit: number;
  readonly windowMs: number;
  readonly algorithm: Algorithm;
  /** Chosen guard in ms, or null for the default of {@link guardMs}. */
  readonly guardMs: number | null;
}

/** What a key is drawn for, with 0 to 4 limits that all hold. Name: `[a-z0-9_:-]{1,63}`. */
export interface Feature {
  readonly name: string;
  readonly limits: readonly Limit[];
}

/** A named group of upstream keys of one plan. Id: the user's slug `[a-z0-9_-]{1,63}`. */
export interface Tier {
  readonly id: string;
  readonly description: string;
  readonly features: readonly Feature[];
  readonly policy: TierPolicy;
  /**
   * Rises by 1 with every edit, from the moment of creation in ms, so that a tier made anew stands above its namesake.
   * The etag, and what takes carry so that a row can refuse an older one.
   */
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The name of the queue in which a tier's keys stand for one feature: `<tier>|<feature>`. */
export type QueueName = `${string}|${string}`;

/** Units that the limits ever grant at once; Infinity without any. */
export function mostAtOnce(limits: readonly Limit[]): number {
  return limits.reduce((most, { limit }) => Math.min(most, limit), Infinity);
}

export function queueName(tierId: string, feature: string): QueueName {
  return `${tierId}|${feature}`;
}

const GUARD_MIN_MS = 100;
const GUARD_MAX_MS = 1000;

/**
 * The guard of a window in ms: how much longer than promised it is counted, so that a value may leave up to half a
 * guard after its take. A twentieth of the window, at least 100 ms and at most 1 s, unless chosen.
 */
export function guardMs(limit: { readonly windowMs: number; readonly guardMs?: number | null }): number {
  if (limit.guardMs != null) return limit.guardMs;
  return Math.min(GUARD_MAX_MS, Math.max(GUARD_MIN_MS, Math.round(limit.windowMs / 20)));
}
