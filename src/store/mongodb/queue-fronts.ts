/** How long a front is taken for the head of its queue, in ms: what comes to stand before it waits that long. */
const FRONT_LIFE_MS = 50;
/** Queues whose front is remembered. */
const QUEUES_MAX = 10_000;

/**
 * Where the queues of ready keys begin. A queue is drawn from at its head, where the index keeps what has left it until
 * the server clears that away: a read from the head on would pass over all of it every time.
 */
export interface QueueFronts {
  /** The rank to read on from; null when the head has to be found. */
  readonly of: (queue: string) => number | null;
  /** A read that began `fromHead`, or else at the front, found this rank first. */
  readonly found: (queue: string, rank: number, fromHead: boolean) => void;
  /** This process has put keys somewhere: they may stand before any front. */
  readonly clear: () => void;
}

export function createQueueFronts(monotonicMs: () => number): QueueFronts {
  const fronts = new Map<string, { readonly rank: number; readonly until: number }>();
  return {
    of: (queue) => {
      const front = fronts.get(queue);
      return front !== undefined && monotonicMs() < front.until ? front.rank : null;
    },
    found: (queue, rank, fromHead) => {
      const until = fromHead ? monotonicMs() + FRONT_LIFE_MS : fronts.get(queue)?.until;
      if (until === undefined) return;
      if (fronts.size >= QUEUES_MAX && !fronts.has(queue)) fronts.clear();
      fronts.set(queue, { rank, until });
    },
    clear: () => fronts.clear(),
  };
}
