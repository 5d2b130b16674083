/** After this time a round under way lets the next one begin, in ms: one slow key shall not hold up all others. */
const TURN_MAX_MS = 1000;

/** Lets rounds of this process choose keys one after another in a tier, so that each sees what the one before took. */
export interface TierTurns {
  /** Runs `work` when all before it in these tiers have run, or take long. */
  readonly inTurn: <T>(tierIds: ReadonlySet<string>, work: () => Promise<T>) => Promise<T>;
}

export function createTierTurns(): TierTurns {
  /** Stays when it is over: tiers are few, and one that came and went with each round would leave more behind. */
  const last = new Map<string, Promise<void>>();
  return {
    inTurn: async (tierIds, work) => {
      const before = [...tierIds].flatMap((tierId) => last.get(tierId) ?? []);
      const { promise: over, resolve: finish } = Promise.withResolvers<void>();
      for (const tierId of tierIds) last.set(tierId, over);
      await Promise.all(before);
      const timer = setTimeout(finish, TURN_MAX_MS).unref();
      try {
        return await work();
      } finally {
        clearTimeout(timer);
        finish();
      }
    },
  };
}
