import type { Context } from '../../../src/domain/context.ts';
import { createRounds } from '../../../src/domain/rounds.ts';

/** Draws that are settled in the store, and whose callers hear of it only when the test says so. */
export interface HeldDraws {
  readonly context: Context;
  /** Resolves when a draw is settled. */
  readonly settled: Promise<void>;
  readonly release: () => void;
}

export function holdDraws(context: Context): HeldDraws {
  const { store, clock } = context;
  const settled = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const rounds = createRounds(
    {
      roundsMax: store.roundsMax,
      drawRound: async (...args) => {
        const results = await store.drawRound(...args);
        settled.resolve();
        await released.promise;
        return results;
      },
    },
    { monotonicMs: clock.monotonicMs },
  );
  return { context: { ...context, rounds }, settled: settled.promise, release: released.resolve };
}
