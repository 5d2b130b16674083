import type { Clock } from '../model/clock.ts';
import type { DrawQueue } from '../model/round.ts';
import type { Availability, DrawStore, MaintenanceStore } from '../store/port.ts';
import type { After } from './background-task.ts';
import { AVAILABILITY_CAP } from './get-availability.ts';

/** What was seen of queues, and at which monotonic moment (ms) that was known. */
export interface Seen {
  readonly availability: Availability;
  readonly at: number;
}

/** Looks at the same queues for all who watch them. */
export interface AvailabilityLooks {
  /** What was seen last; null before the first look's end. */
  readonly seen: () => Seen | null;
  /** Looks soon: something may have changed. */
  readonly look: () => void;
  readonly close: () => void;
}

export interface AvailabilityLooksParts {
  readonly store: Pick<DrawStore, 'availability'> & Pick<MaintenanceStore, 'now'>;
  readonly clock: Clock;
  readonly after: After;
  readonly queues: readonly DrawQueue[];
  /** Called after each look; with an error where the store could not be asked. */
  readonly onSeen: (error: unknown) => void;
}

/** Between a look's end and the next one's beginning, in ms: who watches is told no more often. */
export const LOOK_GAP_MS = 105;
/** A key can be parked or come back without anybody being told. */
const LOOK_MAX_MS = 1000;

/** Looks at once, when told to, when the first key comes free, and each second. */
export function lookForAvailability(parts: AvailabilityLooksParts): AvailabilityLooks {
  const { store, clock, after, queues, onSeen } = parts;
  let seen: Seen | null = null;
  let isLooking = false;
  let isWanted = false;
  let isClosed = false;
  let cancelTimer = (): void => {};

  function later(ms: number): void {
    cancelTimer();
    cancelTimer = isClosed ? () => {} : after(Math.max(0, Math.ceil(ms)), () => void lookNow());
  }

  async function lookNow(): Promise<void> {
    isLooking = true;
    isWanted = false;
    let error: unknown = null;
    try {
      const availability = await store.availability(queues, AVAILABILITY_CAP);
      seen = { availability, at: clock.monotonicMs() };
    } catch (thrown) {
      error = thrown;
    }
    isLooking = false;
    if (isClosed) return;
    later(isWanted ? LOOK_GAP_MS : untilNext());
    onSeen(error);
  }

  function untilNext(): number {
    const nextAt = seen?.availability.nextAt ?? null;
    const dueMs = nextAt === null ? LOOK_MAX_MS : nextAt - store.now();
    return Math.min(LOOK_MAX_MS, Math.max(LOOK_GAP_MS, dueMs));
  }

  void lookNow();
  return {
    seen: () => seen,
    look: () => {
      const isSet = isWanted;
      isWanted = true;
      if (!isSet && !isLooking) later(LOOK_GAP_MS - (clock.monotonicMs() - (seen?.at ?? 0)));
    },
    close: () => {
      isClosed = true;
      cancelTimer();
    },
  };
}
