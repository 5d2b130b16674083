import type { After } from '../../src/domain/background-task.ts';

/** Timers that run when the test lets time pass. */
export interface SteppedTimers {
  readonly after: After;
  /** How many are set. */
  readonly set: () => number;
  /** Runs, in order, what is due within so many ms from now; timers that are set by that too. */
  readonly pass: (ms: number, step: (ms: number) => Promise<void>) => Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** `step`, given to `pass`, moves the clocks by so much and lets everything run that is ready to run. */
export function steppedTimers(): SteppedTimers {
  const timers = new Set<Timer>();
  let now = 0;
  const nextUntil = (until: number): Timer | undefined =>
    [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    set: () => timers.size,
    pass: async (ms, step) => {
      const until = now + ms;
      for (let next = nextUntil(until); next !== undefined; next = nextUntil(until)) {
        const passed = next.at - now;
        now = next.at;
        timers.delete(next);
        await step(passed);
        next.run();
        await step(0);
      }
      const rest = until - now;
      now = until;
      await step(rest);
    },
  };
}
