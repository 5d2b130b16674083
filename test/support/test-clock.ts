import type { Clock } from '../../src/model/clock.ts';

/** A clock that moves only when it is told to. */
export interface TestClock extends Clock {
  /** Both readings go on by so much. */
  readonly advance: (ms: number) => void;
  /** The wall reading jumps, as after a correction; the monotonic one does not. */
  readonly jump: (ms: number) => void;
}

export function testClock(startMs = Date.UTC(2025, 0)): TestClock {
  let nowMs = startMs;
  let monotonicMs = 0;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => monotonicMs,
    advance: (ms) => {
      nowMs += ms;
      monotonicMs += ms;
    },
    jump: (ms) => {
      nowMs += ms;
    },
  };
}

/** The machine's clocks, of which the monotonic one can be set forward. */
export function shiftedClock(): { readonly clock: Clock; readonly forward: (ms: number) => void } {
  let laterMs = 0;
  return {
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + laterMs },
    forward: (ms) => {
      laterMs += ms;
    },
  };
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
