import type { Clock } from './clock.ts';

/** Microseconds by which the rank of a never drawn key stands before 1.5e15, and so before all virtual time, until 2064. */
const FRESH_OFFSET = 1_500_000_000_000_000;

/** When the key of a fresh rank was made, in microseconds. */
export function madeAt(freshRank: number): number {
  return freshRank + FRESH_OFFSET;
}

/**
 * Gives the ranks of keys that were never drawn: they come before all that were, those made earlier first. Moments in
 * microseconds, strictly rising over all it gave, whatever the clock does.
 */
export function createFreshRanks(clock: Pick<Clock, 'nowMs'>): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Math.round(clock.nowMs() * 1000));
    return last - FRESH_OFFSET;
  };
}
