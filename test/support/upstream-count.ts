import type { UpstreamLimit } from './upstream-plan.ts';

/** A strict sliding count: moments of the calls in the trailing window. */
export interface SlidingCount {
  /** Whether one more call fits into the window that ends at `now` (ms, monotonic). */
  readonly hasRoom: (now: number) => boolean;
  readonly count: (now: number) => void;
  /** From `now` until one more call fits, in ms; 0 where one does. */
  readonly roomInMs: (now: number) => number;
}

/** Counts by the moments of all calls; a call leaves the window when it is exactly as old as the window is long. */
export function createSlidingCount({ limit, windowMs }: UpstreamLimit): SlidingCount {
  const moments: number[] = [];
  const drop = (now: number): void => {
    while (moments.length > 0 && (moments[0] ?? now) <= now - windowMs) moments.shift();
  };
  return {
    hasRoom: (now) => {
      drop(now);
      return moments.length < limit;
    },
    count: (now) => {
      moments.push(now);
    },
    roomInMs: (now) => {
      drop(now);
      const leaving = moments[moments.length - limit];
      return leaving === undefined ? 0 : leaving + windowMs - now;
    },
  };
}
