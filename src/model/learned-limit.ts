import { failureRuleOf } from './failure-policy.ts';
import type { KeyHealth, KeyState, LearnedLimit, LearnedLimits } from './key.ts';
import { fixedState, fixedWindow, liveStamps, type MeterState, meterId } from './meter.ts';
import type { ReportedDraw, StoredReport } from './outcome-report.ts';
import { guardMs, type Limit, type Tier } from './tier.ts';

/*
 * What an upstream refuses for its rate limit although Keypool's has room tells that its limit is lower. Of what a key gave
 * out within the window, the refused part is taken off, and the rest is its limit for now. By and by one unit more is
 * tried, seldom enough that what is refused then is a small part of all calls.
 */

/** Of the calls that a learned limit allows, at most one in so many is spent on trying whether there is more. */
const CALLS_PER_TRY = 200;
/** It is tried so many times more seldom where it was refused before. */
const PATIENCE_MAX = 4;
/** The shortest time before more is tried, in ms. */
const EASE_MIN_MS = 60_000;

/** Units that a limit grants at `now` as far as refusals tell: one more after `easeMs`, then 3, 7 … until it has all. */
export function learnedUnits({ units, since, easeMs }: LearnedLimit, limit: number, now: number): number {
  const tries = Math.max(0, Math.floor((now - since) / easeMs));
  return Math.min(limit, units + 2 ** tries - 1);
}

/** The first moment at `now` or later at which a learned limit has come up to `wanted`; null when it never does. */
export function learnedReaches(
  learned: LearnedLimit,
  limit: number,
  wanted: number,
  now: number,
): number | null {
  if (wanted > limit) return null;
  const tries = Math.ceil(Math.log2(Math.max(0, wanted - learned.units) + 1));
  return tries === 0 ? now : Math.max(now, learned.since + tries * learned.easeMs);
}

/** Those that still bind at `now`, of a feature's limits; the same object where all do. */
export function liveLearned(learned: LearnedLimits, limits: readonly Limit[], now: number): LearnedLimits {
  const entries = Object.entries(learned);
  const live = entries.filter(([id, entry]) => {
    const limit = limits.find((one) => meterId(one) === id);
    return limit !== undefined && learnedUnits(entry, limit.limit, now) < limit.limit;
  });
  return live.length === entries.length ? learned : Object.fromEntries(live);
}

/** A health with other learned limits of a feature; the same object where they are the same. */
export function withLearned(health: KeyHealth, feature: string, learned: LearnedLimits): KeyHealth {
  const { [feature]: was = {}, ...others } = health.learned;
  if (was === learned) return health;
  const isEmpty = Object.keys(learned).length === 0;
  return { ...health, learned: isEmpty ? others : { ...others, [feature]: learned } };
}

/** A health without what was learned of features that its tier does not have; the same object where it has all. */
export function withoutLearned(health: KeyHealth, names: ReadonlySet<string>): KeyHealth {
  const entries = Object.entries(health.learned);
  const kept = entries.filter(([feature]) => names.has(feature));
  return kept.length === entries.length ? health : { ...health, learned: Object.fromEntries(kept) };
}

/** Units that count under a limit at `now`. */
function usedUnder(state: MeterState | undefined, limit: Limit, now: number): number {
  if (limit.algorithm === 'sliding')
    return liveStamps(state, limit, now).reduce((sum, stamp) => sum + stamp.n, 0);
  return fixedWindow(fixedState(state), limit.windowMs, guardMs(limit), now)?.used ?? 0;
}

/** How long until more is tried: `before` is what was learned and tried in vain. */
function easeMsOf(limit: Limit, units: number, before: LearnedLimit | undefined, jitter: number): number {
  const soonest = Math.max(EASE_MIN_MS, (limit.windowMs * CALLS_PER_TRY) / units);
  const patient = before === undefined ? soonest : Math.min(2 * before.easeMs, PATIENCE_MAX * soonest);
  return Math.round(Math.max(soonest, patient) * (1 + jitter / 2));
}

interface Refusal {
  readonly draw: ReportedDraw;
  readonly jitter: number;
  readonly now: number;
}

/** The first refusal of an incident: the limit that is fullest is the one that is lower than it says. */
function learnAnew(
  meters: KeyState['meters'][string],
  limits: readonly Limit[],
  learned: LearnedLimits,
  { draw, jitter, now }: Refusal,
): LearnedLimits {
  const fullest = limits
    .filter((limit) => draw.at > now - limit.windowMs - guardMs(limit))
    .map((limit) => {
      const before = learned[meterId(limit)];
      const current = before === undefined ? limit.limit : learnedUnits(before, limit.limit, now);
      return { limit, before, current, used: usedUnder(meters[meterId(limit)], limit, now) };
    })
    .sort((a, b) => b.used / b.current - a.used / a.current)[0];
  if (fullest === undefined) return learned;
  const { limit, before, current, used } = fullest;
  // One refusal of a key that has given little says little: it halves the limit at most.
  const given = Math.max(Math.ceil(current / 2), Math.min(current, used));
  const units = Math.max(1, given - draw.units);
  const entry = { units, since: now + 1, easeMs: easeMsOf(limit, units, before, jitter) };
  return units >= limit.limit ? learned : { ...learned, [meterId(limit)]: entry };
}

/** One more refusal of the last incident: of what had been given out when it began, that much less was served. */
function learnMore(
  learned: LearnedLimits,
  id: string,
  entry: LearnedLimit,
  limits: readonly Limit[],
  draw: ReportedDraw,
): LearnedLimits {
  const limit = limits.find((one) => meterId(one) === id);
  if (limit === undefined || draw.at <= entry.since - limit.windowMs - guardMs(limit)) return learned;
  const units = Math.max(1, entry.units - draw.units);
  return units === entry.units ? learned : { ...learned, [id]: { ...entry, units } };
}

/** A key's state after a report, with what that taught of the feature's limits; the same object where it taught nothing. */
export function learnLimits(
  state: KeyState,
  { features, policy }: Pick<Tier, 'features' | 'policy'>,
  draw: ReportedDraw,
  report: StoredReport,
  now: number,
): KeyState {
  if (report.outcome !== 'rate_limited' || state.state !== 'active') return state;
  if (failureRuleOf(policy.failureRules, report.outcome)?.cooldown === 'none') return state;
  const { feature } = draw;
  const limits = features.find(({ name }) => name === feature)?.limits ?? [];
  const learned = state.health.learned[feature] ?? {};
  const [last] = Object.entries(learned).sort(([, a], [, b]) => b.since - a.since);
  const next =
    last !== undefined && draw.at < last[1].since
      ? learnMore(learned, last[0], last[1], limits, draw)
      : learnAnew(state.meters[feature] ?? {}, limits, learned, { draw, jitter: report.jitter, now });
  const health = withLearned(state.health, feature, next);
  return health === state.health ? state : { ...state, health };
}
