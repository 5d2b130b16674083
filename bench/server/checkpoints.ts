import { watch } from 'node:fs';
import { type Database, onMongod, sqliteFile } from './database.ts';

/** Writes to the file this close together belong to one checkpoint. */
const TOGETHER_MS = 50;

/** In WAL mode only a checkpoint writes to the database's own file. */
async function countSqlite(file: string): Promise<() => Promise<number>> {
  let seen = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  const watcher = watch(file, () => {
    const now = performance.now();
    if (now - lastAt > TOGETHER_MS) seen += 1;
    lastAt = now;
  });
  return async () => {
    watcher.close();
    return seen;
  };
}

function mongodbCheckpoints(url: string): Promise<number> {
  return onMongod(url, async (client) => {
    const status = await client.db('admin').command({ serverStatus: 1 });
    return Number(status.wiredTiger.transaction['transaction checkpoints']);
  });
}

/** Begins to count; what it gives ends it. */
export async function countCheckpoints(database: Database): Promise<() => Promise<number>> {
  if (database.store === 'sqlite') return countSqlite(sqliteFile(database));
  const before = await mongodbCheckpoints(database.url);
  return async () => (await mongodbCheckpoints(database.url)) - before;
}
