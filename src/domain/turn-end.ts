/** Sees to what has gathered at the end of the event loop's turn: everything that arrived in it goes into one round. */
export interface TurnEnd {
  /** To be called when something has come to do, or has ended. */
  readonly schedule: () => void;
  /** Resolves when nothing is under way any more. */
  readonly idle: () => Promise<void>;
}

/** `work` begins what can begin now, and gives whether something is under way. */
export function createTurnEnd(work: () => boolean): TurnEnd {
  let scheduled = false;
  let idleWaiters: (() => void)[] = [];

  function run(): void {
    scheduled = false;
    if (work()) return;
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
