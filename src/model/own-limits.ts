import type { KeyState, LearnedLimits } from './key.ts';
import { learnedReaches, learnedUnits } from './learned-limit.ts';
import {
  fixedState,
  fixedWindow,
  freeUnderAll,
  latest,
  liveStamps,
  type MeterState,
  type MeterStates,
  meterId,
  nextUnderAll,
} from './meter.ts';
import { type Ramping, rampedLimit, rampingAt, rampReaches } from './ramp.ts';
import { guardMs, type Limit } from './tier.ts';
import type { TierPolicy } from './tier-policy.ts';

/** Why a key has lower limits than its tier says: it is on a ramp, or refusals have taught it. */
export interface OwnLimits {
  readonly ramping: Ramping | null;
  /** Of the feature at hand. */
  readonly learned: LearnedLimits;
}

const NONE_LEARNED: LearnedLimits = {};

/** The limits of its own that a key has for a feature at `now`; null where they are those of its tier. */
export function ownLimitsOf(
  { traits, health }: Pick<KeyState, 'traits' | 'health'>,
  policy: TierPolicy,
  feature: string,
  now: number,
): OwnLimits | null {
  const ramping = rampingAt(policy.ramp, traits.rampFrom, now);
  const learned = Object.hasOwn(health.learned, feature) ? health.learned[feature] : undefined;
  if (ramping === null && learned === undefined) return null;
  return { ramping, learned: learned ?? NONE_LEARNED };
}

/** Units that a limit grants to the key at `now`; 1 at least. */
function ownUnits(limit: Limit, { ramping, learned }: OwnLimits, now: number): number {
  const entry = learned[meterId(limit)];
  const ramped = ramping === null ? limit.limit : rampedLimit(limit.limit, ramping, now);
  return entry === undefined ? ramped : Math.min(ramped, learnedUnits(entry, limit.limit, now));
}

/** The first moment at `now` or later at which the key's own limit has come up to `units`; null when it never does. */
function ownReaches(
  limit: Limit,
  units: number,
  { ramping, learned }: OwnLimits,
  now: number,
): number | null {
  const entry = learned[meterId(limit)];
  const ramped = ramping === null ? now : rampReaches(limit.limit, units, ramping, now);
  const eased = entry === undefined ? now : learnedReaches(entry, limit.limit, units, now);
  return units > limit.limit ? null : latest([ramped, eased], now);
}

/** As `freeUnderAll`, of a key that may have limits of its own. */
export function freeUnderOwn(
  states: MeterStates,
  limits: readonly Limit[],
  own: OwnLimits | null,
  now: number,
): number {
  if (own === null) return freeUnderAll(states, limits, now);
  return freeUnderAll(
    states,
    limits.map((one) => ({ ...one, limit: ownUnits(one, own, now) })),
    now,
  );
}

/** When a limit comes up to so many units (ms); null when never. */
type Reaches = (units: number) => number | null;

/** The earliest moment at which, after some of its stamps have left, a sliding limit has come up to the rest. */
function slidingNextAt(
  state: MeterState | undefined,
  limit: Limit,
  units: number,
  now: number,
  reaches: Reaches,
) {
  const stamps = liveStamps(state, limit, now);
  let used = stamps.reduce((total, stamp) => total + stamp.n, 0);
  let first = latest([reaches(used + units)], now);
  for (const stamp of stamps) {
    used -= stamp.n;
    const at = latest([reaches(used + units), stamp.at + limit.windowMs + guardMs(limit)], now);
    if (at !== null && (first === null || at < first)) first = at;
  }
  return first;
}

/** Within the window under way, before it closes; else when the next can open. */
function fixedNextAt(
  state: MeterState | undefined,
  limit: Limit,
  units: number,
  now: number,
  reaches: Reaches,
) {
  const guard = guardMs(limit);
  const open = fixedWindow(fixedState(state), limit.windowMs, guard, now);
  if (open === null) return reaches(units);
  const within = reaches(open.used + units);
  if (within !== null && within < open.startAt + limit.windowMs - guard) return within;
  return latest([reaches(units), open.startAt + limit.windowMs + guard], now);
}

/** As `nextUnderAll`, of a key that may have limits of its own: they may rise before what it used has left them. */
export function nextUnderOwn(
  states: MeterStates,
  limits: readonly Limit[],
  own: OwnLimits | null,
  units: number,
  now: number,
): number | null {
  if (own === null) return nextUnderAll(states, limits, units, now);
  return latest(
    limits.map((one) => {
      const reaches: Reaches = (reached) => ownReaches(one, reached, own, now);
      const nextAt = one.algorithm === 'sliding' ? slidingNextAt : fixedNextAt;
      return nextAt(states[meterId(one)], one, units, now, reaches);
    }),
    now,
  );
}
