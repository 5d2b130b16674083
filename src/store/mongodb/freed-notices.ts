import type { ClientSession } from 'mongodb';
import type { StoreOptions } from '../port.ts';
import type { Collections } from './collections.ts';
import type { MongoContext } from './context.ts';

/** Between two writes, in ms: who waits in another process waits so much longer at most, and gets few of them. */
const WRITE_GAP_MS = 50;

/** Tells this process at once, and all others by their change feeds, that keys of a tier may serve sooner than told. */
export interface FreedNotices {
  readonly freed: (tierId: string) => void;
  /** Writes nothing more; resolves when nothing is being written. */
  readonly close: () => Promise<void>;
}

export interface FreedNoticesParts extends Pick<MongoContext, 'announce' | 'client' | 'ownSessions'> {
  readonly rows: Pick<Collections, 'freedTiers'>;
  readonly warn: StoreOptions['warn'];
}

/** One row for each tier, which is counted up: what is told of is that it was. */
export function createFreedNotices({
  announce,
  client,
  ownSessions,
  rows,
  warn,
}: FreedNoticesParts): FreedNotices {
  const untold = new Set<string>();
  let session: ClientSession | null = null;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  let isClosed = false;

  async function write(tierIds: readonly string[]): Promise<void> {
    session ??= client.startSession();
    // This process was told already.
    ownSessions.begin(session);
    ownSessions.end(session, true);
    const counts = tierIds.map((_id) => ({
      updateOne: { filter: { _id }, update: { $inc: { revision: 1 } }, upsert: true },
    }));
    try {
      await rows.freedTiers.bulkWrite(counts, { ordered: false, session });
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
    close: async () => {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await writing;
      await session?.endSession();
    },
  };
}
