import type { StoreOptions } from '../port.ts';
import type { Collections } from './collections.ts';
import type { MongoContext } from './context.ts';

/** Between two writes, in ms: who waits in another process waits so much longer at most, and gets few of them. */
const WRITE_GAP_MS = 50;

/** Tells this process at once, and all others by their change feeds, that keys of a tier may serve sooner than told. */
export interface FreedNotices {
  readonly freed: (tierId: string) => void;
  /** Whether this process wrote the `revision` that a change tells of: it was told already. */
  readonly isOwn: (revision: unknown) => boolean;
  /** Writes nothing more; resolves when nothing is being written. */
  readonly close: () => Promise<void>;
}

export interface FreedNoticesParts extends Pick<MongoContext, 'announce' | 'processId'> {
  readonly rows: Pick<Collections, 'freedTiers'>;
  readonly warn: StoreOptions['warn'];
}

/** One row for each tier, which gets another revision each time: what is told of is that it did. */
export function createFreedNotices({ announce, processId, rows, warn }: FreedNoticesParts): FreedNotices {
  const untold = new Set<string>();
  const prefix = `${processId}.`;
  let count = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  let isClosed = false;

  async function write(tierIds: readonly string[]): Promise<void> {
    count += 1;
    const revision = `${prefix}${count}`;
    const updates = tierIds.map((_id) => ({
      updateOne: { filter: { _id }, update: { $set: { revision } }, upsert: true },
    }));
    try {
      await rows.freedTiers.bulkWrite(updates, { ordered: false });
    } catch (error) {
      // Who waits looks again by itself, later.
      warn('Other processes were not told of keys that came free.', error);
    }
  }

  function flush(): void {
    timer = null;
    if (isClosed || untold.size === 0) return;
    const tierIds = [...untold];
    untold.clear();
    timer = setTimeout(flush, WRITE_GAP_MS).unref();
    writing = writing.then(() => write(tierIds));
  }

  return {
    freed: (tierId) => {
      announce({ kind: 'freed', tierId });
      untold.add(tierId);
      if (timer === null) flush();
    },
    isOwn: (revision) => typeof revision === 'string' && revision.startsWith(prefix),
    close: async () => {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await writing;
    },
  };
}
