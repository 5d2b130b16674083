import { setBounded } from '../../model/bounded-map.ts';
import type { ReadRow } from './roomy-take.ts';

/** How long after another process's take a queue counts as drawn from by others, in ms. */
const RIVAL_FOR_MS = 5000;
/** How many times as many candidates are looked at then. */
const LOOK_FACTOR = 4;
/** Queues of which it is remembered. */
const QUEUES_MAX = 10_000;

/**
 * Which queues other processes draw from too. They would all choose the same keys, the least served ones, and wait for
 * each other's takes: so each looks at more of them, and has an order of its own among those that stand alike.
 */
export interface Rivals {
  /** What a take from the queue notes in its row. */
  readonly noteOf: (queue: string) => { readonly by: string; readonly shared: boolean };
  /** Whether another process draws from the queue. */
  readonly any: (queue: string) => boolean;
  /** Candidates to read for each that is wanted. */
  readonly lookFactor: (queue: string) => number;
  /** Takes note of who was the last to take from a row of the queue. `now`: the store's moment (ms). */
  readonly saw: (queue: string, row: Pick<ReadRow, 'takenBy' | 'takenAt'>, now: number) => void;
  /** Where the key stands among its like for this process, from 0 to 1: 0 for all while nobody else draws. */
  readonly preference: (queue: string, keyId: string) => number;
}

export function createRivals(self: string, monotonicMs: () => number): Rivals {
  const until = new Map<string, number>();
  const any = (queue: string): boolean => monotonicMs() < (until.get(queue) ?? 0);
  return {
    noteOf: (queue) => ({ by: self, shared: any(queue) }),
    any,
    lookFactor: (queue) => (any(queue) ? LOOK_FACTOR : 1),
    saw: (queue, { takenBy, takenAt }, now) => {
      if (takenBy === undefined || takenBy === self || takenAt < now - RIVAL_FOR_MS) return;
      setBounded(until, QUEUES_MAX, queue, monotonicMs() + RIVAL_FOR_MS);
    },
    preference: (queue, keyId) => (any(queue) ? hashed(self + keyId) : 0),
  };
}

/** FNV-1a (Fowler, Noll and Vo) over UTF-16 units, as a fraction of its range. */
function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
