import type { DatabaseSync } from 'node:sqlite';
import { toStoreError } from './driver-error.ts';
import type { WriteEnd } from './memory.ts';

/** Runs work on the database; what it throws reaches the caller, driver errors as `StoreError`. */
export interface Transactions {
  /** All of it is durable when this returns, none of it is there when it throws. */
  readonly write: <T>(work: () => T) => T;
  readonly read: <T>(work: () => T) => T;
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
  return {
    write: (work) => {
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
    },
    read: (work) => {
      try {
        return work();
      } catch (error) {
        throw toStoreError(error);
      }
    },
  };
}
