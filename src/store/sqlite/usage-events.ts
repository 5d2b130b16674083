import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { DrawRequest } from '../port.ts';
import type { Names } from './names.ts';
import { prepare } from './statement.ts';
import type { UsageIndex } from './usage-index.ts';

/** What the audit row of a draw says beside the request's own fields. */
export interface DrawnFacts {
  readonly at: number;
  readonly key: number;
  readonly tierId: string;
  readonly take: string;
  readonly serial: number;
}

/** The audit rows of one round, written together. */
export interface NewUsageEvents {
  /** Adds a row and returns its number. */
  readonly append: (request: DrawRequest, facts: DrawnFacts) => number;
  /** Writes all of them. */
  readonly write: () => void;
}

/** Writes and marks the audit rows of draws; every call within a write. */
export interface UsageEvents {
  readonly begin: () => NewUsageEvents;
  /** Marks the row of a draw whose value did not leave; gives its number, null when there is none. */
  readonly withhold: (drawId: string) => number | null;
  /** Units of a take's real rows. */
  readonly unitsOfTake: (take: string) => number;
}

/** Rows that one statement writes, where there are as many: half the time of as many statements. */
const ROWS_AT_ONCE = 8;
const COLUMNS = 11;
const ROW = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)';

/** Writes rows of {@link COLUMNS} values each that follow one another. */
function createInsert(db: DatabaseSync): (values: readonly SQLInputValue[]) => void {
  const sql = (rows: number): string =>
    `INSERT INTO usage_events VALUES ${Array.from({ length: rows }, () => ROW).join()}`;
  const one = prepare(db, sql(1));
  const several = prepare(db, sql(ROWS_AT_ONCE));
  return (values) => {
    let from = 0;
    for (const step = ROWS_AT_ONCE * COLUMNS; from + step <= values.length; from += step)
      several.run(...values.slice(from, from + step));
    for (; from < values.length; from += COLUMNS) one.run(...values.slice(from, from + COLUMNS));
  };
}

/** `<take>.<serial>` in its parts; null when it is none. */
function parseDrawId(drawId: string): { readonly take: string; readonly serial: number } | null {
  const match = /^(.+)\.(\d{1,15})$/.exec(drawId);
  if (match === null) return null;
  return { take: match[1] ?? '', serial: Number(match[2]) };
}

export function createUsageEvents(db: DatabaseSync, names: Names, index: UsageIndex): UsageEvents {
  const insert = createInsert(db);
  const find = prepare<{ seq: number }>(db, 'SELECT seq FROM usage_by_take WHERE take = ? AND serial = ?');
  const mark = prepare(db, 'UPDATE usage_events SET withheld = 1 WHERE seq = ?');
  const units = prepare<{ units: number }>(
    db,
    `SELECT coalesce(sum(e.units), 0) AS units FROM usage_by_take t JOIN usage_events e ON e.seq = t.seq
     WHERE t.take = ?`,
  );
  // Counted here, not by SQLite: a number is never given twice, also when the newest rows are deleted.
  let last = index.lastSeq;
  return {
    begin: () => {
      const values: SQLInputValue[] = [];
      return {
        append: (request, facts) => {
          last += 1;
          values.push(
            last,
            facts.at,
            names.number(request.consumerId),
            facts.key,
            names.number(facts.tierId),
            names.number(request.feature),
            request.units,
            facts.take,
            facts.serial,
            request.requestId,
            request.peerAddress,
          );
          return last;
        },
        write: () => {
          insert(values);
          index.grew(last);
        },
      };
    },
    withhold: (drawId) => {
      const parts = parseDrawId(drawId);
      if (parts === null) return null;
      index.catchUp();
      const row = find.get(parts.take, parts.serial);
      if (row === undefined) return null;
      mark.run(row.seq);
      return row.seq;
    },
    unitsOfTake: (take) => {
      index.catchUp();
      return units.get(take)?.units ?? 0;
    },
  };
}
