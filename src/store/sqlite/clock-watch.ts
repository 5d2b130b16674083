import type { StoreOptions, StoreStatus } from '../port.ts';

/** A jump up to this is a clock being set right, and within what guards allow for. */
const JUMP_MIN_MS = 1000;

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
      const nowMs = clock.nowMs();
      const nowMonotonicMs = clock.monotonicMs();
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
