import { setBounded } from './bounded-map.ts';
import { createLaneTurns, type LaneTurns } from './lane-turns.ts';
import { STRIDE, TURN_MIN } from './pace.ts';
import type { QueueName } from './tier.ts';

export { STRIDE, sharesOf, TURN_MIN } from './pace.ts';

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
  /** The turns of whole queues, where keys of several have no common order. */
  readonly lanes: LaneTurns;
}

export function createVirtualTime(monotonicMs: () => number): VirtualTime {
  const times = new Map<QueueName, QueueTime>();
  const timeOf = (queue: QueueName): QueueTime => times.get(queue) ?? { turn: TURN_MIN, slack: 0, at: 0 };
  const keep = (queue: QueueName, time: QueueTime): void => setBounded(times, QUEUES_MAX, queue, time);
  const present = (queues: readonly QueueName[]): number =>
    queues.reduce((latest, queue) => Math.max(latest, timeOf(queue).turn), TURN_MIN);
  return {
    lanes: createLaneTurns(),
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
