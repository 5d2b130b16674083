import type { MeterState, MeterStates } from './meter.ts';

/** Longest guard that is added to a window unless the limit sets one. */
const GUARD_MAX_MS = 1000;

/** True when a meter of a limit that is no more counted its last unit too long ago to bind if the limit came back. */
function isOver(id: string, state: MeterState, now: number): boolean {
  const windowMs = Number(id.slice(1));
  const lastAt = 'stamps' in state ? (state.stamps.at(-1)?.at ?? 0) : state.startAt;
  // Its guard is not known any more, and none is longer than its window or the default.
  return now >= lastAt + windowMs + Math.max(windowMs, GUARD_MAX_MS);
}

/** True when all meters of a feature have nothing to say any more. */
export function areOver(states: MeterStates, now: number): boolean {
  return Object.entries(states).every(([id, state]) => isOver(id, state, now));
}
