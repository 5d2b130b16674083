import type { DatabaseSync } from 'node:sqlite';
import { toStoreError } from './driver-error.ts';
import type { WriteEnd } from './memory.ts';

/** Runs work on the database; what it throws reaches the caller, driver errors as `StoreError`. */
export interface Transactions {
  /** All of it is durable when this returns, none of it is there when it throws. */
  readonly write: <T>(work: () => T) => T;
  /**
   * The same a moment later: what is asked for until the end of the event loop's turn is synced at once. Where some of it
   * throws, each part is written by itself.
   */
  readonly writeTogether: <T>(work: () => T) => Promise<T>;
  readonly read: <T>(work: () => T) => T;
}

/** Work that is written together with other: does it, and gives how to say that it is durable. */
interface Gathered {
  readonly begin: () => () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Every write runs between BEGIN IMMEDIATE and COMMIT, also a single statement: a statement with RETURNING that is read
 * by one step stays open in autocommit, and then the log is never checkpointed.
 */
export function createTransactions(db: DatabaseSync, memories: readonly WriteEnd[]): Transactions {
  const rollback = (): void => {
    for (const memory of memories) memory.undone();
    // SQLite has already rolled back after some errors, such as a full disk.
    if (db.isOpen && db.isTransaction) db.exec('ROLLBACK');
  };
  const write = <T>(work: () => T): T => {
    try {
      db.exec('BEGIN IMMEDIATE');
      const result = work();
      db.exec('COMMIT');
      for (const memory of memories) memory.committed();
      return result;
    } catch (error) {
      try {
        rollback();
      } catch (failure) {
        throw toStoreError(failure);
      }
      throw toStoreError(error);
    }
  };

  let gathered: Gathered[] = [];
  const writeGathered = (): void => {
    const parts = gathered;
    gathered = [];
    try {
      const written = write(() => parts.map(({ begin }) => begin()));
      for (const tell of written) tell();
    } catch (error) {
      if (parts.length === 1) parts[0]?.fail(error);
      else for (const part of parts) writeAlone(part);
    }
  };
  const writeAlone = ({ begin, fail }: Gathered): void => {
    try {
      write(begin)();
    } catch (error) {
      fail(error);
    }
  };

  return {
    write,
    writeTogether: (work) =>
      new Promise((resolve, reject) => {
        const begin = (): (() => void) => {
          const result = work();
          return () => resolve(result);
        };
        gathered.push({ begin, fail: reject });
        if (gathered.length === 1) setImmediate(writeGathered);
      }),
    read: (work) => {
      try {
        return work();
      } catch (error) {
        throw toStoreError(error);
      }
    },
  };
}
