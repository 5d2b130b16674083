import type { Hold, KeyState } from './key.ts';
import { HOLDS_MAX, type TierPolicy } from './tier-policy.ts';

type Held = Pick<KeyState, 'holds'>;

/** Draws of a key that may be in flight at once; Infinity where its tier keeps none of them. */
export function inFlightCap({ traits }: Pick<KeyState, 'traits'>, policy: TierPolicy): number {
  if (policy.settleTimeoutMs === null) return Infinity;
  return traits.maxInFlight ?? policy.maxInFlight ?? HOLDS_MAX;
}

/** Holds that count still at `now` (ms); the same object where all do. */
export function liveHolds(holds: readonly Hold[], now: number): readonly Hold[] {
  return holds.every(({ until }) => until > now) ? holds : holds.filter(({ until }) => until > now);
}

/** Draws that wait for their report at `now` (ms). */
export function inFlight({ holds }: Held, now: number): number {
  return holds.reduce((sum, { until, serials }) => (until > now ? sum + serials.length : sum), 0);
}

/** Units of draws that wait for their report at `now` (ms), as they were drawn. */
export function reservedUnits({ holds }: Held, now: number): number {
  return liveHolds(holds, now).reduce((sum, { units, serials }) => sum + units * serials.length, 0);
}

/** When one more draw may be in flight: `now`, or when enough holds have ended. Never null: every hold ends. */
export function slotAt(state: Held & Pick<KeyState, 'traits'>, policy: TierPolicy, now: number): number {
  const cap = inFlightCap(state, policy);
  let count = inFlight(state, now);
  if (count < cap) return now;
  let at = now;
  for (const { until, serials } of liveHolds(state.holds, now).toSorted((a, b) => a.until - b.until)) {
    if (count < cap) break;
    count -= serials.length;
    at = until;
  }
  return at;
}

/** The holds with one for a take of `draws` draws at `now`; those that have ended leave. */
export function holdsAfter(
  holds: readonly Hold[],
  take: { readonly take: string; readonly units: number; readonly draws: number },
  policy: TierPolicy,
  now: number,
): readonly Hold[] {
  const live = liveHolds(holds, now);
  if (policy.settleTimeoutMs === null) return live;
  const serials = Array.from({ length: take.draws }, (_, i) => i * take.units);
  return [...live, { take: take.take, units: take.units, serials, until: now + policy.settleTimeoutMs }];
}

/** The holds without one draw; the same object where it has none. */
export function withoutDraw(holds: readonly Hold[], take: string, serial: number): readonly Hold[] {
  const of = holds.find((hold) => hold.take === take && hold.serials.includes(serial));
  if (of === undefined) return holds;
  const serials = of.serials.filter((other) => other !== serial);
  return holds.flatMap((hold) => {
    if (hold !== of) return [hold];
    return serials.length > 0 ? [{ ...hold, serials }] : [];
  });
}
