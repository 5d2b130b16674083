import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';

/** What a round has charged to one pool: a stamp for it. */
export interface JournalEntry {
  /** The pool's number. */
  readonly no: number;
  /** The stamp's moment, in ms. */
  readonly at: number;
  readonly credits: number;
}

/**
 * What was charged since the rows of the pools were last written, one row for each round: a round costs one small row
 * then, however many pools it charges. Within writes.
 */
export interface ChargeJournal {
  readonly append: (entries: readonly JournalEntry[]) => void;
  /** All entries, oldest first. */
  readonly read: () => readonly JournalEntry[];
  readonly clear: () => void;
}

export function createChargeJournal(db: DatabaseSync): ChargeJournal {
  const insert = prepare(db, 'INSERT INTO charge_rounds (at, charges) VALUES (?, ?)');
  const all = prepare<{ at: number; charges: string }>(
    db,
    'SELECT at, charges FROM charge_rounds ORDER BY no',
  );
  const remove = prepare(db, 'DELETE FROM charge_rounds');
  return {
    append: (entries) => {
      const at = entries[0]?.at ?? 0;
      const numbers: number[] = [];
      for (const entry of entries) numbers.push(entry.no, entry.at - at, entry.credits);
      insert.run(at, numbers.join());
    },
    read: () =>
      all.all().flatMap(({ at, charges }) => {
        const numbers = charges.split(',').map(Number);
        const entries: JournalEntry[] = [];
        for (let i = 0; i + 2 < numbers.length; i += 3)
          entries.push({ no: numbers[i] ?? 0, at: at + (numbers[i + 1] ?? 0), credits: numbers[i + 2] ?? 0 });
        return entries;
      }),
    clear: () => {
      remove.run();
    },
  };
}
