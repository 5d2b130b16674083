import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { IN_MEMORY, LOG_BYTES } from './database-file.ts';
import type { WriteEnd } from './memory.ts';

/** What each commit adds to the log that is not long enough yet, in bytes: a few times what a small one writes. */
const STEP = Buffer.alloc(64 * 1024);

/**
 * Makes the log beside the database as long as it gets between two checkpoints, before it is that full: a commit that
 * makes a file longer also waits for the file system's own journal, and takes twice as long as one that writes over what
 * is there. What is added are zeros at the end, which SQLite takes for the end of the log. Nothing else writes to it
 * meanwhile: the database is this process's alone, and its writes are not asynchronous.
 */
export function createLogLength(path: string): WriteEnd {
  let isLongEnough = path === IN_MEMORY;

  const lengthen = (): void => {
    // It is there: a commit has just been written to it.
    const log = openSync(`${path}-wal`, constants.O_WRONLY | constants.O_APPEND);
    try {
      isLongEnough = fstatSync(log).size >= LOG_BYTES;
      if (!isLongEnough) writeSync(log, STEP);
    } finally {
      closeSync(log);
    }
  };

  return {
    committed: () => {
      if (isLongEnough) return;
      try {
        lengthen();
      } catch {
        // As on a full disk. Commits are as durable without, only slower.
        isLongEnough = true;
      }
    },
    undone: () => {},
  };
}
