/**
 * Gathers what arrives for a round as long as the event loop brings more at once: what goes into one round shares its takes
 * and its commit, and while the first calls were read others have arrived.
 */
export interface Gathering {
  /** To be called when something has come to do, or has ended. */
  readonly schedule: () => void;
  /** Resolves when nothing is under way any more. */
  readonly idle: () => Promise<void>;
}

export interface GatheringParts {
  /** How many could go into a round now; 0 while something under way has to end first. */
  readonly ready: () => number;
  /** So many fill a round, and wait for no more. */
  readonly roundSize: number;
  /** Begins what can begin now, and gives whether something is under way. */
  readonly begin: () => boolean;
  readonly monotonicMs: () => number;
}

/** How long is gathered at most, in ms: turns of the event loop may be long, and each may bring more. */
const GATHER_MAX_MS = 5;

/**
 * Several that are ready wait for another turn of the event loop as long as each turn brings more. No turn
 * waits for anything, and what comes alone begins at the end of its own.
 */
export function createGathering({ ready, roundSize, begin, monotonicMs }: GatheringParts): Gathering {
  let scheduled = false;
  /** How many were ready at the end of the turn before, while they are gathered; and since when (monotonic ms). */
  let gathered = 0;
  let since = 0;
  let idleWaiters: (() => void)[] = [];

  function mayGrow(count: number): boolean {
    if (count <= 1 || count >= roundSize || count <= gathered) return false;
    return gathered === 0 || monotonicMs() - since < GATHER_MAX_MS;
  }

  function run(): void {
    scheduled = false;
    const count = ready();
    if (mayGrow(count)) {
      if (gathered === 0) since = monotonicMs();
      gathered = count;
      schedule();
      return;
    }
    gathered = 0;
    if (begin()) return;
    for (const wake of idleWaiters) wake();
    idleWaiters = [];
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(run);
  }

  return {
    schedule,
    idle: () =>
      new Promise((resolve) => {
        idleWaiters.push(resolve);
        schedule();
      }),
  };
}
