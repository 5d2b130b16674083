import type { DatabaseSync } from 'node:sqlite';
import { toStoreError } from './driver-error.ts';
import type { WriteEnd } from './memory.ts';
import { prepare } from './statement.ts';

/** Runs work on the database; what it throws reaches the caller, driver errors as `StoreError`. */
export interface Transactions {
  /** All of it is durable when this returns, none of it is there when it throws. */
  readonly write: <T>(work: () => T) => T;
  /**
   * The same, soon: with the next {@link Transactions.writeAll}, so that it costs no sync of its own, or after a few turns of
   * the event loop in which there was none. Where that fails it is written by itself.
   */
  readonly writeTogether: <T>(work: () => T) => Promise<T>;
  /** As `write`, with all that is to be written soon. */
  readonly writeAll: <T>(work: () => T) => T;
  readonly read: <T>(work: () => T) => T;
}

/** Turns of the event loop for which work waits to be written with other: as many as draws are gathered for, mostly. */
const SOON_TURNS = 4;

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
  const begin = prepare(db, 'BEGIN IMMEDIATE');
  const commit = prepare(db, 'COMMIT');
  const write = <T>(work: () => T): T => {
    try {
      begin.run();
      const result = work();
      commit.run();
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
  const writeAlone = ({ begin, fail }: Gathered): void => {
    try {
      write(begin)();
    } catch (error) {
      fail(error);
    }
  };

  const takeGathered = (): readonly Gathered[] => {
    const parts = gathered;
    gathered = [];
    return parts;
  };
  const writeAll = <T>(work: () => T): T => {
    if (gathered.length === 0) return write(work);
    const parts = takeGathered();
    try {
      // In the order in which they came: a draw finds what was reported before it.
      const [written, result] = write(() => [parts.map(({ begin }) => begin()), work()] as const);
      for (const tell of written) tell();
      return result;
    } catch {
      for (const part of parts) writeAlone(part);
      return write(work);
    }
  };
  const writeGathered = (): void => {
    const parts = takeGathered();
    if (parts.length === 0) return;
    try {
      for (const tell of write(() => parts.map(({ begin }) => begin()))) tell();
    } catch {
      for (const part of parts) writeAlone(part);
    }
  };

  const writeSoon = (turns: number): void => {
    const waiting = gathered;
    setImmediate(() => {
      // What has come since these were written waits for itself.
      if (gathered !== waiting) return;
      if (turns > 1) writeSoon(turns - 1);
      else writeGathered();
    });
  };

  return {
    write,
    writeAll,
    writeTogether: (work) =>
      new Promise((resolve, reject) => {
        const begin = (): (() => void) => {
          const result = work();
          return () => resolve(result);
        };
        gathered.push({ begin, fail: reject });
        if (gathered.length === 1) writeSoon(SOON_TURNS);
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
