import { guardMs, type Limit } from './tier.ts';

/** Up to this limit a sliding window keeps exact stamps; above, buckets of a sixtieth of the window. */
export const EXACT_UNITS_MAX = 32;
const BUCKETS_PER_WINDOW = 60;

/** `n` units that count as granted at `at` (ms); a stamp is never earlier than the grant it stands for. */
export interface Stamp {
  readonly at: number;
  readonly n: number;
}

/** What one limit has counted on one key. Stamps ascend; a fixed window is `[startAt, startAt + window)`. */
export type MeterState =
  | { readonly stamps: readonly Stamp[] }
  | { readonly startAt: number; readonly used: number };

/** States by {@link meterId}; an absent one has counted nothing. */
export type MeterStates = Readonly<Record<string, MeterState>>;

/** A meter is known by algorithm and window, so an edited limit goes on counting where it was. */
export function meterId(limit: Limit): string {
  return `${limit.algorithm === 'sliding' ? 's' : 'f'}${limit.windowMs}`;
}

/** The window in ms of the limits that a {@link meterId} names. */
export function windowOfMeter(id: string): number {
  return Number(id.slice(1));
}

/** How coarse a sliding window's stamps are, in ms: 1 when exact. */
export function stampGrainMs(limit: Limit): number {
  return limit.limit <= EXACT_UNITS_MAX ? 1 : Math.ceil(limit.windowMs / BUCKETS_PER_WINDOW);
}

/** How long after its moment a unit counts under a limit, guard included, in ms. */
export function spanMs(limit: Limit): number {
  return limit.windowMs + guardMs(limit);
}

/** The stamp in which units taken at `now` count. */
export function stampAt(limit: Limit, now: number): number {
  const grain = stampGrainMs(limit);
  return Math.ceil(now / grain) * grain;
}

/** Units that still count at `now` against a sliding limit: those in the trailing window and its guard. */
export function liveStamps(state: MeterState | undefined, limit: Limit, now: number): readonly Stamp[] {
  if (state === undefined || !('stamps' in state)) return [];
  const horizon = now - limit.windowMs - guardMs(limit);
  const from = state.stamps.findIndex(({ at }) => at > horizon);
  if (from < 0) return [];
  return from === 0 ? state.stamps : state.stamps.slice(from);
}

function sum(stamps: readonly Stamp[]): number {
  return stamps.reduce((total, stamp) => total + stamp.n, 0);
}

interface FixedWindow {
  readonly startAt: number;
  readonly used: number;
}

/** The fixed window that still binds at `now`, or null when the next unit opens a new one. */
export function fixedWindow(
  state: FixedWindow | null,
  windowMs: number,
  guard: number,
  now: number,
): FixedWindow | null {
  return state !== null && now < state.startAt + windowMs + guard ? state : null;
}

/** Units a fixed window grants at `now`: nothing from a guard before its end to a guard after it. */
export function fixedFree(
  open: FixedWindow | null,
  limit: number,
  windowMs: number,
  guard: number,
  now: number,
): number {
  if (open === null) return limit;
  return now < open.startAt + windowMs - guard ? Math.max(0, limit - open.used) : 0;
}

/** When a sliding limit has `units` free, walking its stamps until enough have left; null when never. */
function slidingNextAt(stamps: readonly Stamp[], limit: Limit, units: number, now: number): number | null {
  if (units > limit.limit) return null;
  let used = sum(stamps);
  let at = now;
  for (const stamp of stamps) {
    if (used + units <= limit.limit) break;
    used -= stamp.n;
    at = stamp.at + spanMs(limit);
  }
  return at;
}

/** What a fixed limit has counted; null where it has not, or counted as a sliding one. */
export function fixedState(state: MeterState | undefined): FixedWindow | null {
  return state !== undefined && 'startAt' in state ? state : null;
}

/** Units that one limit would grant at `now`. */
function freeUnits(state: MeterState | undefined, limit: Limit, now: number): number {
  if (limit.algorithm === 'sliding') return Math.max(0, limit.limit - sum(liveStamps(state, limit, now)));
  const guard = guardMs(limit);
  const open = fixedWindow(fixedState(state), limit.windowMs, guard, now);
  return fixedFree(open, limit.limit, limit.windowMs, guard, now);
}

/** What one limit has counted with `n` more units (above 0) at `now`, without what counts no more at `liveAt`. */
export function withUnits(
  state: MeterState | undefined,
  limit: Limit,
  n: number,
  now: number,
  liveAt = now,
): MeterState {
  if (limit.algorithm === 'fixed') {
    const open = fixedWindow(fixedState(state), limit.windowMs, guardMs(limit), now);
    return { startAt: open?.startAt ?? now, used: (open?.used ?? 0) + n };
  }
  const live = liveStamps(state, limit, liveAt);
  const at = stampAt(limit, now);
  const last = live.at(-1);
  if (last !== undefined && last.at >= at)
    return { stamps: [...live.slice(0, -1), { at: last.at, n: last.n + n }] };
  return { stamps: [...live, { at, n }] };
}

/** What one limit has counted that counts at `now`; undefined when nothing is left to keep. */
function pruned(state: MeterState | undefined, limit: Limit, now: number): MeterState | undefined {
  if (limit.algorithm === 'fixed')
    return fixedWindow(fixedState(state), limit.windowMs, guardMs(limit), now) ?? undefined;
  const live = liveStamps(state, limit, now);
  return live.length > 0 ? { stamps: live } : undefined;
}

/** When one limit has `units` free at `now` or later; null when it never has. */
function nextAt(state: MeterState | undefined, limit: Limit, units: number, now: number): number | null {
  if (limit.algorithm === 'sliding') return slidingNextAt(liveStamps(state, limit, now), limit, units, now);
  if (units > limit.limit) return null;
  if (freeUnits(state, limit, now) >= units) return now;
  const open = fixedState(state);
  return open === null ? now : open.startAt + spanMs(limit);
}

/** The latest of several moments, or null when one of them never comes. */
export function latest(moments: readonly (number | null)[], now: number): number | null {
  let at = now;
  for (const moment of moments) {
    if (moment === null) return null;
    if (moment > at) at = moment;
  }
  return at;
}

/** Units that every limit would grant at `now`; `Infinity` without limits. */
export function freeUnderAll(states: MeterStates, limits: readonly Limit[], now: number): number {
  return limits.reduce(
    (free, limit) => Math.min(free, freeUnits(states[meterId(limit)], limit, now)),
    Infinity,
  );
}

/** When every limit has `units` free; null when some limit is below `units`. */
export function nextUnderAll(
  states: MeterStates,
  limits: readonly Limit[],
  units: number,
  now: number,
): number | null {
  return latest(
    limits.map((limit) => nextAt(states[meterId(limit)], limit, units, now)),
    now,
  );
}

/** The states after `n` units were granted at `now`, for exactly these limits. */
export function countUnder(
  states: MeterStates,
  limits: readonly Limit[],
  n: number,
  now: number,
): MeterStates {
  const next: Record<string, MeterState> = {};
  for (const limit of limits) {
    const before = states[meterId(limit)];
    const state = n === 0 ? pruned(before, limit, now) : withUnits(before, limit, n, now);
    if (state !== undefined) next[meterId(limit)] = state;
  }
  return next;
}
