import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreOpenError } from '../errors.ts';
import { resultCode, SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_READONLY } from './driver-error.ts';

export const IN_MEMORY = ':memory:';

/** How long another holder of the file is waited for: one that is just ending, not one that stays. */
const BUSY_TIMEOUT_MS = 200;
/** Memory for pages; what else draws touch of a million keys comes from the cache of the system. */
const CACHE_KIB = 24 * 1024;
/** Of a page of the database, SQLite's own default, and of what the log holds beside each. */
const PAGE_BYTES = 4096;
const FRAME_HEAD_BYTES = 24;
/**
 * A checkpoint every 32 MiB of log: pages that every round rewrites are copied back once, not each time, and so few
 * rounds have one to do that they are not among the slowest in a hundred.
 */
const CHECKPOINT_PAGES = 8000;
/** How long the log gets between two checkpoints, about. */
export const LOG_BYTES = CHECKPOINT_PAGES * (PAGE_BYTES + FRAME_HEAD_BYTES);

function causeText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes folder and file with no rights for others, before SQLite would make them with the usual ones. */
function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreOpenError(
      `The folder ${dirname(path)} for the database cannot be made (${causeText(error)}). ` +
        'Make it by hand, or name another one in DATABASE_URL.',
      { cause: error },
    );
  }
  try {
    // Only when new: to open and close a file that this process has open would end SQLite's lock on it (fcntl(2)).
    if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
    const stats = statSync(path);
    if (!stats.isFile()) throw new Error('it is not a file');
    if ((stats.mode & 0o777) !== 0o600) chmodSync(path, 0o600);
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StoreOpenError(
      `The database file ${path} cannot be written (${causeText(error)}). ` +
        'Give this user write access to it and its folder, or name another file in DATABASE_URL.',
      { cause: error },
    );
  }
}

function openSentence(path: string, error: unknown): string {
  switch (resultCode(error)) {
    case SQLITE_BUSY:
      return (
        `The database file ${path} is in use by another Keypool. Stop that one first, ` +
        'or use MongoDB for several processes on one pool.'
      );
    case SQLITE_READONLY:
      return `The database file ${path} cannot be written. Give this user write access to it and its folder.`;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return `${path} is not a sound SQLite database. Restore it from a backup, or name another file in DATABASE_URL.`;
    default:
      return `The database file ${path} cannot be opened (${causeText(error)}). Check the path in DATABASE_URL.`;
  }
}

/**
 * Opens a database file for this process alone, making it and its folder when missing; or one in memory. Commits are
 * synced. Throws `StoreOpenError` with what to do.
 */
export function openDatabase(path: string): DatabaseSync {
  if (path !== IN_MEMORY) prepareFile(path);
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    // Exclusive before the first access to the log: then the lock is one for the whole file, with no shared memory.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`);
    db.exec('BEGIN IMMEDIATE; COMMIT;');
    return db;
  } catch (error) {
    db?.close();
    throw new StoreOpenError(openSentence(path, error), { cause: error });
  }
}
