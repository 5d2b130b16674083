import type { StoreOptions, StoreStatus } from '../port.ts';

/** Half of the least default guard: guards allow for what is smaller. */
const JUMP_MIN_MS = 50;
/** Readings of the two clocks that lie further apart cannot be compared. */
const READING_MAX_MS = 10;

/** Compares the clock's way since the last look with the monotonic one's. */
export interface ClockWatch {
  /** Warns once when the clock jumped since the last look. */
  readonly look: () => void;
  readonly lastJump: () => StoreStatus['clockJump'];
}

export function createClockWatch({ clock, warn }: Pick<StoreOptions, 'clock' | 'warn'>): ClockWatch {
  let wallMs = clock.nowMs();
  let monotonicMs = clock.monotonicMs();
  let jump: StoreStatus['clockJump'] = null;
  return {
    look: () => {
      const beforeMs = clock.monotonicMs();
      const nowMs = clock.nowMs();
      const nowMonotonicMs = clock.monotonicMs();
      // The process stood still in between; the next look will tell.
      if (nowMonotonicMs - beforeMs > READING_MAX_MS) return;
      const byMs = Math.round(nowMs - wallMs - (nowMonotonicMs - monotonicMs));
      wallMs = nowMs;
      monotonicMs = nowMonotonicMs;
      if (Math.abs(byMs) <= JUMP_MIN_MS) return;
      jump = { at: Math.floor(nowMs), byMs };
      warn(
        `The clock of this machine jumped by ${byMs} ms. Limits hold, but windows may end later than they would.`,
      );
    },
    lastJump: () => jump,
  };
}
