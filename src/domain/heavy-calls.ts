import type { After } from './background-task.ts';
import { KeypoolError } from './errors.ts';

/** Calls that read or write much (summaries, resealing): a few at a time, so that the others do not wait for them. */
export interface HeavyCalls {
  /**
   * Does the work once there is a place for it, which it keeps until it has ended; in the order of asking. Errors:
   * HEAVY_CALLS_BUSY after {@link WAIT_MAX_MS} without a place, CANCELED when `signal` fires before; those of `work`.
   */
  readonly run: <T>(signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T>;
}

/** How long a call waits for a place, in ms; and when to try again, after that. */
export const WAIT_MAX_MS = 2000;

function busy(): KeypoolError {
  return new KeypoolError(
    'HEAVY_CALLS_BUSY',
    'As many heavy calls are under way as HEAVY_CALLS allows. Try again shortly, or raise it.',
    { retryAfterMs: WAIT_MAX_MS },
  );
}

function gone(): KeypoolError {
  return new KeypoolError('CANCELED', 'The caller has gone.');
}

/** `max`: how many at a time, at least 1. */
export function createHeavyCalls({
  max,
  after,
}: {
  readonly max: number;
  readonly after: After;
}): HeavyCalls {
  let underWay = 0;
  /** Those that wait, each with what gives it the place. */
  const waiting = new Set<() => void>();

  function waitForPlace(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(enter);
        cancel();
        signal?.removeEventListener('abort', giveUp);
      };
      const enter = (): void => {
        leave();
        resolve();
      };
      const giveUp = (): void => {
        leave();
        reject(gone());
      };
      const cancel = after(WAIT_MAX_MS, () => {
        leave();
        reject(busy());
      });
      waiting.add(enter);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the place on to who has waited longest, or frees it. */
  function release(): void {
    const [enter] = waiting;
    if (enter === undefined) underWay -= 1;
    else enter();
  }

  return {
    run: async (signal, work) => {
      if (signal?.aborted === true) throw gone();
      if (underWay < max) underWay += 1;
      else await waitForPlace(signal);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
