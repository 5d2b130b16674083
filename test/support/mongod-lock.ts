import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 50;

/**
 * Runs `task` while no other process runs one under the same lock file.
 *
 * The lock is an SQLite write lock, which the operating system drops when its holder dies: there is no stale
 * lock to recognise.
 */
export async function withFileLock<T>(lockFile: string, task: () => Promise<T>): Promise<T> {
  using database = new DatabaseSync(lockFile, { timeout: 0 });
  while (!tryLock(database)) await delay(RETRY_MS);
  try {
    return await task();
  } finally {
    database.exec('ROLLBACK');
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN IMMEDIATE');
    return true;
  } catch (error) {
    if (error instanceof Error && /database is locked/.test(error.message)) return false;
    throw error;
  }
}
