import { setBounded } from '../../model/bounded-map.ts';

/** How long rows that were read ahead are used, in ms: what comes to stand before them meanwhile waits that long. */
const LIFE_MS = 500;
/** A queue that was read so lately is read ahead: it will be asked again. */
const HOT_MS = 250;
/** Rows read ahead at least. */
const ROWS = 32;
/** Queues that are read ahead at once, and keys of which it is known that they were taken from. */
const QUEUES_MAX = 1000;
const TAKEN_MAX = 20_000;

/** The head of a queue as it was read at one moment: its ready and its parked keys, in their order. */
export interface QueueHead<Row> {
  readonly ready: readonly Row[];
  readonly parked: readonly Row[];
}

/**
 * Heads of queues that rounds of this process share, so that most of them read nothing. What a row says is a guess:
 * takes find out, and where a round found too little in a guess, it is read anew.
 */
export interface ReadAhead<Row> {
  /** What is left of a queue's head, where that are `count` ready keys or more; null otherwise. */
  readonly headOf: (queue: string, count: number) => QueueHead<Row> | null;
  /** How many rows to read where `count` are wanted. */
  readonly rowsToRead: (queue: string, count: number) => number;
  /** `askedAt`: the monotonic moment (ms) before it was read. */
  readonly keep: (queue: string, head: QueueHead<Row>, askedAt: number) => void;
  /** This process takes from the key: it will not stand, nor be, as it was. */
  readonly taken: (keyId: string) => void;
  readonly forget: (queue: string) => void;
  /** This process has put keys somewhere: they may stand before all that was read. */
  readonly clear: () => void;
}

interface Kept<Row> extends QueueHead<Row> {
  readonly at: number;
}

export function createReadAhead<Row extends { readonly _id: string }>(
  monotonicMs: () => number,
): ReadAhead<Row> {
  const heads = new Map<string, Kept<Row>>();
  const lastRead = new Map<string, number>();
  const takenAt = new Map<string, number>();
  return {
    headOf: (queue, count) => {
      const kept = heads.get(queue);
      if (kept === undefined || monotonicMs() - kept.at > LIFE_MS) return null;
      const stands = ({ _id }: Row): boolean => (takenAt.get(_id) ?? Number.NEGATIVE_INFINITY) < kept.at;
      const ready = kept.ready.filter(stands);
      return ready.length < count ? null : { ready, parked: kept.parked.filter(stands) };
    },
    rowsToRead: (queue, count) => {
      const now = monotonicMs();
      const isHot = now - (lastRead.get(queue) ?? Number.NEGATIVE_INFINITY) < HOT_MS;
      setBounded(lastRead, QUEUES_MAX, queue, now);
      return isHot ? Math.max(count, ROWS) : count;
    },
    keep: (queue, head, askedAt) => setBounded(heads, QUEUES_MAX, queue, { ...head, at: askedAt }),
    taken: (keyId) => {
      if (takenAt.size >= TAKEN_MAX) {
        // Nothing that was read before now may be used any more.
        heads.clear();
        takenAt.clear();
      }
      takenAt.set(keyId, monotonicMs());
    },
    forget: (queue) => heads.delete(queue),
    clear: () => heads.clear(),
  };
}
