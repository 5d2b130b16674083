import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';

/** What is remembered of a draw whose caller chose a request id. */
export type RequestRecord = {
  /** The number of its audit row. */
  readonly event: number;
  readonly fingerprint: string;
  readonly drawId: string;
  readonly drawnAt: number;
  readonly key: number;
  /** Until when the value may leave without new rate units, on the monotonic clock of `run`. */
  readonly leaveBy: number;
  /** The opening of the store whose monotonic clock `leaveBy` is of. */
  readonly run: string;
};

/** How long a request id stands for its draw. */
const KEPT_MS = 10 * 60 * 1000;

export interface RequestRecords {
  readonly find: (request: string, now: number) => RequestRecord | null;
  readonly insert: (request: string, record: RequestRecord, now: number) => void;
  readonly renewLeaveBy: (event: number, leaveBy: number, run: string) => void;
  readonly remove: (event: number) => void;
  /** Deletes records that are over, oldest first, `limit` at most; returns how many. */
  readonly removeExpired: (now: number, limit: number) => number;
}

export function createRequestRecords(db: DatabaseSync): RequestRecords {
  const find = prepare<RequestRecord>(
    db,
    `SELECT event, fingerprint, draw_id AS drawId, drawn_at AS drawnAt, key, run, leave_by AS leaveBy
     FROM requests WHERE request = ? AND expire_at > ?`,
  );
  const insert = prepare(db, 'INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const renew = prepare(db, 'UPDATE requests SET leave_by = ?, run = ? WHERE event = ?');
  const remove = prepare(db, 'DELETE FROM requests WHERE event = ?');
  const removeOver = prepare(
    db,
    `DELETE FROM requests WHERE event IN (
       SELECT event FROM requests WHERE expire_at <= ? ORDER BY expire_at LIMIT ?)`,
  );
  return {
    find: (request, now) => find.get(request, now) ?? null,
    insert: (request, record, now) => {
      const { event, fingerprint, drawId, drawnAt, key, run, leaveBy } = record;
      insert.run(event, request, fingerprint, drawId, drawnAt, key, run, leaveBy, now + KEPT_MS);
    },
    renewLeaveBy: (event, leaveBy, run) => {
      renew.run(leaveBy, run, event);
    },
    remove: (event) => {
      remove.run(event);
    },
    removeExpired: (now, limit) => removeOver.run(now, limit),
  };
}
