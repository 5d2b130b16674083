import type { Ramp } from './tier-policy.ts';

/** A ramp that a key is on: from `startAt` (ms) on. */
export interface Ramping extends Ramp {
  readonly startAt: number;
}

/** The ramp that a key is on at `now`; null where it has all of its limits. */
export function rampingAt(ramp: Ramp | null, rampFrom: number | null, now: number): Ramping | null {
  if (ramp === null || rampFrom === null || now >= rampFrom + ramp.periodMs) return null;
  return { ...ramp, startAt: rampFrom };
}

/** Units that a limit of `limit` grants at `now` to a key on a ramp: 1 at least, all of them at its end. */
export function rampedLimit(limit: number, ramping: Ramping, now: number): number {
  const elapsed = Math.max(0, now - ramping.startAt);
  if (elapsed >= ramping.periodMs) return limit;
  const percent = ramping.fromPercent + ((100 - ramping.fromPercent) * elapsed) / ramping.periodMs;
  return Math.max(1, Math.floor((limit * percent) / 100));
}

/** The first moment at `now` or later at which the limit has come up to `units`; null when it never does. */
export function rampReaches(limit: number, units: number, ramping: Ramping, now: number): number | null {
  if (units > limit) return null;
  if (rampedLimit(limit, ramping, now) >= units) return now;
  let [low, high] = [now, ramping.startAt + ramping.periodMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (rampedLimit(limit, ramping, middle) >= units) high = middle;
    else low = middle;
  }
  return high;
}
