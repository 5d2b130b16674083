import { setBounded } from './bounded-map.ts';
import type { QueueName } from './tier.ts';

/**
 * What one draw moves a key's rank by. A rank is a moment of its queue's virtual time (start-time fair queueing: Goyal,
 * Vin and Cheng, 1996): the key with the lowest one is next, so keys that stand ready get the same number of draws,
 * however many of them are made at once.
 */
export const STRIDE = 1000;
/** Where virtual time begins: after the ranks of all keys that were never drawn. Draws end at 2^53. */
export const TURN_MIN = 2 ** 51;
/** Queues whose time is known at once. */
const QUEUES_MAX = 100_000;
/** What is known of a queue that this process has not drawn from for so long, in ms, is out of date: others may have. */
const KNOWN_FOR_MS = 5000;
/** After so many rounds or so, keys are not owed any more what larger rounds left them behind. */
const SLACK_ROUNDS = 64;

interface QueueTime {
  readonly turn: number;
  /** Draws that keys may stand behind one another because some were given several at once. */
  readonly slack: number;
  /** The monotonic moment of the last round (ms). */
  readonly at: number;
}

/** The virtual time of each queue, as this process knows it. */
export interface VirtualTime {
  /** False for a queue that this process has not drawn from lately. */
  readonly knows: (queue: QueueName) => boolean;
  /** `turn`: the highest rank found at its head. */
  readonly begin: (queue: QueueName, turn: number) => void;
  /**
   * Where a key goes on that was last served at `lastRank`: there, or at the present where it was away or new. What came
   * before is not made up for.
   */
  readonly turnOf: (queues: readonly QueueName[], lastRank: number) => number;
  /** Keys up to this turn were chosen, the first of them for `draws`. */
  readonly chose: (queues: readonly QueueName[], turn: number, draws: number) => void;
}

export function createVirtualTime(monotonicMs: () => number): VirtualTime {
  const times = new Map<QueueName, QueueTime>();
  const timeOf = (queue: QueueName): QueueTime => times.get(queue) ?? { turn: TURN_MIN, slack: 0, at: 0 };
  const keep = (queue: QueueName, time: QueueTime): void => setBounded(times, QUEUES_MAX, queue, time);
  const present = (queues: readonly QueueName[]): number =>
    queues.reduce((latest, queue) => Math.max(latest, timeOf(queue).turn), TURN_MIN);
  return {
    knows: (queue) => {
      const time = times.get(queue);
      return time !== undefined && monotonicMs() - time.at < KNOWN_FOR_MS;
    },
    begin: (queue, turn) => {
      const { slack, turn: known } = timeOf(queue);
      keep(queue, { slack, turn: Math.max(known, turn), at: monotonicMs() });
    },
    turnOf: (queues, lastRank) => Math.max(lastRank, present(queues)),
    chose: (queues, turn, draws) => {
      const now = present(queues);
      for (const queue of queues) {
        const left = timeOf(queue).slack * (1 - 1 / SLACK_ROUNDS);
        const slack = Math.max(draws > 1 ? draws : 0, left < 1 ? 0 : left);
        keep(queue, { turn: Math.max(now, turn - Math.ceil(slack) * STRIDE), slack, at: monotonicMs() });
      }
    },
  };
}

/**
 * How many of `draws` each key gets whose turns are these, ascending: as if they were made one after another, each by the
 * key whose turn is lowest then (the first of equals).
 */
export function sharesOf(turns: readonly number[], draws: number): number[] {
  const first = turns[0];
  if (first === undefined) return [];
  const upTo = (level: number): number[] =>
    turns.map((turn) => (level > turn ? Math.ceil((level - turn) / STRIDE) : 0));
  const total = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0);
  let [low, high] = [first, first + draws * STRIDE];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (total(upTo(middle)) >= draws) high = middle;
    else low = middle;
  }
  const shares = upTo(high);
  // The last draws begin just below the level: of keys that make one there, the later ones go without.
  let surplus = total(shares) - draws;
  for (let i = turns.length - 1; surplus > 0 && i >= 0; i -= 1) {
    if (high <= (turns[i] ?? high) || (high - 1 - (turns[i] ?? 0)) % STRIDE !== 0) continue;
    shares[i] = (shares[i] ?? 0) - 1;
    surplus -= 1;
  }
  return shares;
}
