/**
 * Gathers what arrives until the event loop has nothing more to bring at once, and sees to it together: what goes into one
 * round shares its takes and its commit.
 */
export interface TurnEnd {
  /** To be called when something has come to do, or has ended. */
  readonly schedule: () => void;
  /** Resolves when nothing is under way any more. */
  readonly idle: () => Promise<void>;
}

export interface TurnWork {
  /** How many could be seen to now; 0 while something under way has to end first. */
  readonly ready: () => number;
  /** Begins what can begin now, and gives whether something is under way. */
  readonly begin: () => boolean;
}

/** So many turns of the event loop may bring more, at most, before what has come is seen to. */
const TURNS_MAX = 8;

/**
 * Several that are ready wait for another turn of the event loop as long as turns bring more: while the first were read,
 * others have arrived. No turn waits for anything, and what comes alone is seen to at the end of its own.
 */
export function createTurnEnd({ ready, begin }: TurnWork): TurnEnd {
  let scheduled = false;
  let gathered = 0;
  let turns = 0;
  let idleWaiters: (() => void)[] = [];

  /** Whether this turn has brought more, so that the next one may too. */
  function mayBringMore(): boolean {
    const before = gathered;
    gathered = ready();
    turns += 1;
    return gathered > Math.max(1, before) && turns < TURNS_MAX;
  }

  function run(): void {
    scheduled = false;
    if (mayBringMore()) {
      schedule();
      return;
    }
    gathered = 0;
    turns = 0;
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
