import { type Db, type MongoClient, MongoTopologyClosedError } from 'mongodb';

/** How long its connections stay open after the last use, in ms: what is done in steps opens them once. */
const KEPT_MS = 30_000;

/** A client beside the ordinary one, whose connections wait for their answers as long as it takes. */
export interface PatientClient {
  /** Runs `work` on the database over it. */
  readonly run: <T>(work: (db: Db) => Promise<T>) => Promise<T>;
  /** Breaks off what is under way, and refuses what comes later. */
  readonly close: () => Promise<void>;
}

interface Kept {
  readonly client: MongoClient;
  users: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * There is none until it is used, and none any more once it was not used for a while. One over which work failed serves no
 * other: a client that could not connect never does.
 */
export function createPatientClient(open: () => MongoClient, database: string): PatientClient {
  let current: Kept | null = null;
  let closed = false;

  /** What a closing connection has to say concerns nobody. */
  function letGo(kept: Kept): void {
    if (current === kept) current = null;
    kept.client.close().catch(() => undefined);
  }

  function leave(kept: Kept): void {
    kept.users -= 1;
    if (kept.users > 0) return;
    if (current === kept) kept.timer = setTimeout(letGo, KEPT_MS, kept).unref();
    else letGo(kept);
  }

  return {
    run: async (work) => {
      if (closed) throw new MongoTopologyClosedError('the store is closed');
      current ??= { client: open(), users: 0, timer: undefined };
      const kept = current;
      clearTimeout(kept.timer);
      kept.users += 1;
      try {
        return await work(kept.client.db(database));
      } catch (error) {
        if (current === kept) current = null;
        throw error;
      } finally {
        leave(kept);
      }
    },
    close: async () => {
      closed = true;
      clearTimeout(current?.timer);
      const kept = current;
      current = null;
      await kept?.client.close();
    },
  };
}
