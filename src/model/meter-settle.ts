import {
  EXACT_UNITS_MAX,
  fixedState,
  fixedWindow,
  type MeterState,
  type MeterStates,
  meterId,
  type Stamp,
  stampAt,
  withUnits,
} from './meter.ts';
import { guardMs, type Limit } from './tier.ts';

/** Stamps a sliding window keeps at most when reports add to them, twice those of its buckets; beyond, the last ones become one. */
const STAMPS_MAX = 4 * EXACT_UNITS_MAX;

/** When a draw is settled, and when its row's last take was, in ms: later takes may come before `now`, by a clock behind. */
interface SettledAt {
  readonly now: number;
  readonly takenAt: number;
}

/** The stamp that units taken at `drawnAt` went to; undefined where it has left, or the limit was another then. */
function stampOf(stamps: readonly Stamp[], limit: Limit, drawnAt: number): Stamp | undefined {
  const rounded = stampAt(limit, drawnAt);
  return stamps.find(({ at }) => at === drawnAt) ?? stamps.find(({ at }) => at === rounded);
}

function givenBack(state: MeterState, limit: Limit, n: number, drawnAt: number, now: number): MeterState {
  if ('startAt' in state) {
    const open = fixedWindow(fixedState(state), limit.windowMs, guardMs(limit), now);
    if (open === null || drawnAt < open.startAt) return state;
    return { startAt: open.startAt, used: Math.max(0, open.used - n) };
  }
  const of = stampOf(state.stamps, limit, drawnAt);
  if (of === undefined) return state;
  const left = of.n - n;
  return {
    stamps: state.stamps.flatMap((stamp) => (stamp !== of ? [stamp] : left > 0 ? [{ ...of, n: left }] : [])),
  };
}

/** A stamp may be rounded later, never earlier: of too many, the last two count as of the last. */
function bounded(state: MeterState): MeterState {
  if (!('stamps' in state) || state.stamps.length <= STAMPS_MAX) return state;
  const [before, last] = state.stamps.slice(-2);
  if (before === undefined || last === undefined) return state;
  return { stamps: [...state.stamps.slice(0, -2), { at: last.at, n: before.n + last.n }] };
}

/** Whether units that count from `now` on begin a fixed window of one of the limits. */
export function beginsWindow(states: MeterStates, limits: readonly Limit[], now: number): boolean {
  return limits.some(
    (limit) =>
      limit.algorithm === 'fixed' &&
      fixedWindow(fixedState(states[meterId(limit)]), limit.windowMs, guardMs(limit), now) === null,
  );
}

/**
 * Settles a draw that turned out to use `by` units more than it took, or below 0 less. More count from now on, beyond the
 * limit if need be; fewer leave where the draw was counted, if they still are. The same object where nothing changes.
 */
export function settleUnder(
  states: MeterStates,
  limits: readonly Limit[],
  by: number,
  drawnAt: number,
  at: SettledAt,
): MeterStates {
  if (by === 0 || limits.length === 0) return states;
  if (by > 0) {
    // What counted no more at the last take leaves with it; later takes may come before `now`.
    const more = (limit: Limit) => withUnits(states[meterId(limit)], limit, by, at.now, at.takenAt);
    return Object.fromEntries(limits.map((limit) => [meterId(limit), bounded(more(limit))]));
  }
  const settled: Record<string, MeterState> = { ...states };
  let changes = false;
  for (const limit of limits) {
    const state = states[meterId(limit)];
    if (state === undefined) continue;
    const after = givenBack(state, limit, -by, drawnAt, at.now);
    changes ||= after !== state;
    settled[meterId(limit)] = after;
  }
  return changes ? settled : states;
}
