import { setBounded } from '../../model/bounded-map.ts';

/** How long rows that were read ahead are used, in ms: what comes to stand before them meanwhile waits that long. */
const LIFE_MS = 500;
/** A queue that was read so lately is read ahead: it will be asked again. */
const HOT_MS = 250;
/**
 * How long a queue is read on from where its ready keys began, and its parked keys are not read anew, in ms. Places that
 * keys have left stay in the index, as deleted, until it is written out: a read from the very beginning, and one of
 * parked keys where there are none, walks over all of them.
 */
const START_LIFE_MS = 500;
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
  /** `askedAt`: the monotonic moment (ms) before it was read; `start`: where its ready keys began. */
  readonly keep: (queue: string, head: QueueHead<Row>, askedAt: number, start: number) => void;
  /** Where the queue's ready keys began when it was read lately; null when all of it is to be read. */
  readonly startOf: (queue: string) => number | null;
  /** Keeps ready keys that were read on from there, with the parked ones read before, and gives both. */
  readonly keepReady: (
    queue: string,
    ready: readonly Row[],
    askedAt: number,
    start: number,
  ) => QueueHead<Row>;
  /** This process takes from the key: it will not stand, nor be, as it was. */
  readonly taken: (keyId: string) => void;
  readonly forget: (queue: string) => void;
  /** This process has put keys somewhere: they may stand before all that was read. */
  readonly clear: () => void;
}

interface Kept<Row> extends QueueHead<Row> {
  readonly readyAt: number;
  readonly parkedAt: number;
  readonly start: number;
}

export function createReadAhead<Row extends { readonly _id: string }>(
  monotonicMs: () => number,
): ReadAhead<Row> {
  const heads = new Map<string, Kept<Row>>();
  const lastRead = new Map<string, number>();
  const takenAt = new Map<string, number>();
  const standing = (rows: readonly Row[], readAt: number): Row[] =>
    rows.filter(({ _id }) => (takenAt.get(_id) ?? Number.NEGATIVE_INFINITY) < readAt);
  return {
    headOf: (queue, count) => {
      const kept = heads.get(queue);
      if (kept === undefined || monotonicMs() - kept.readyAt > LIFE_MS) return null;
      const ready = standing(kept.ready, kept.readyAt);
      return ready.length < count ? null : { ready, parked: standing(kept.parked, kept.parkedAt) };
    },
    rowsToRead: (queue, count) => {
      const now = monotonicMs();
      const isHot = now - (lastRead.get(queue) ?? Number.NEGATIVE_INFINITY) < HOT_MS;
      setBounded(lastRead, QUEUES_MAX, queue, now);
      return isHot ? Math.max(count, ROWS) : count;
    },
    keep: (queue, head, askedAt, start) =>
      setBounded(heads, QUEUES_MAX, queue, { ...head, readyAt: askedAt, parkedAt: askedAt, start }),
    startOf: (queue) => {
      const kept = heads.get(queue);
      return kept === undefined || monotonicMs() - kept.parkedAt > START_LIFE_MS ? null : kept.start;
    },
    keepReady: (queue, ready, askedAt, start) => {
      const { parked = [], parkedAt = askedAt } = heads.get(queue) ?? {};
      setBounded(heads, QUEUES_MAX, queue, { ready, readyAt: askedAt, parked, parkedAt, start });
      return { ready, parked: standing(parked, parkedAt) };
    },
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
