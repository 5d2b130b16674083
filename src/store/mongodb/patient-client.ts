import type { Db, MongoClient } from 'mongodb';

/** How long its connections stay open after the last use, in ms: what is done in steps opens them once. */
const KEPT_MS = 30_000;

/** A client beside the ordinary one, whose connections wait for their answers as long as it takes. */
export interface PatientClient {
  /** Runs `work` on the database over it. */
  readonly run: <T>(work: (db: Db) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** There is none until it is used, and none any more once it was not used for a while. */
export function createPatientClient(open: () => MongoClient, database: string): PatientClient {
  let client: MongoClient | null = null;
  let users = 0;
  let timer: NodeJS.Timeout | undefined;

  async function close(): Promise<void> {
    clearTimeout(timer);
    const closing = client;
    client = null;
    await closing?.close();
  }

  return {
    run: async (work) => {
      clearTimeout(timer);
      client ??= open();
      users += 1;
      try {
        return await work(client.db(database));
      } finally {
        users -= 1;
        // What a closing connection has to say concerns nobody.
        if (users === 0) timer = setTimeout(() => void close().catch(() => undefined), KEPT_MS).unref();
      }
    },
    close,
  };
}
