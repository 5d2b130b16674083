import type { Clock } from './clock.ts';

/** Microseconds by which the rank of a never drawn key stands before all moments of use until the year 2065. */
const FRESH_OFFSET = 1_500_000_000_000_000;

/** Gives ranks: moments of use in microseconds, strictly rising over all it gave or saw, whatever the clock does. */
export interface RankSource {
  /** Reserves `count` successive ranks and returns the first. */
  readonly next: (count: number) => number;
  /** Takes note of a rank that another process gave. */
  readonly saw: (rank: number) => void;
}

export function createRankSource(clock: Clock): RankSource {
  let last = 0;
  return {
    next: (count) => {
      const first = Math.max(last + 1, Math.round(clock.nowMs() * 1000));
      last = first + count - 1;
      return first;
    },
    saw: (rank) => {
      if (rank > last) last = rank;
    },
  };
}

/** The rank of a key that was never drawn, from a rank just reserved: keys made earlier come first. */
export function freshRank(rank: number): number {
  return rank - FRESH_OFFSET;
}
