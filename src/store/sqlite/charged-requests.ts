import type { DatabaseSync } from 'node:sqlite';
import type { PoolStanding } from '../../model/credit.ts';
import { prepare } from './statement.ts';

/** What is remembered of a granted charge whose caller chose a request id. */
export interface ChargedRequest {
  readonly fingerprint: string;
  readonly at: number;
  readonly pools: readonly PoolStanding[];
}

/** How long a request id stands for its charge. */
const KEPT_MS = 10 * 60 * 1000;

export interface ChargedRequests {
  readonly find: (request: string, now: number) => ChargedRequest | null;
  /** Within a write. */
  readonly insert: (request: string, charged: ChargedRequest) => void;
  /** Deletes those that are over, oldest first, `limit` at most; returns how many. Within a write. */
  readonly removeExpired: (now: number, limit: number) => number;
}

export function createChargedRequests(db: DatabaseSync): ChargedRequests {
  type Row = { readonly fingerprint: string; readonly at: number; readonly pools: string };
  const find = prepare<Row>(
    db,
    'SELECT fingerprint, at, pools FROM charged_requests WHERE request = ? AND expire_at > ?',
  );
  const insert = prepare(db, 'INSERT OR REPLACE INTO charged_requests VALUES (?, ?, ?, ?, ?)');
  const removeOver = prepare(
    db,
    `DELETE FROM charged_requests WHERE request IN (
       SELECT request FROM charged_requests WHERE expire_at <= ? ORDER BY expire_at LIMIT ?)`,
  );
  return {
    find: (request, now) => {
      const row = find.get(request, now);
      return row === undefined ? null : { ...row, pools: JSON.parse(row.pools) as readonly PoolStanding[] };
    },
    insert: (request, { fingerprint, at, pools }) => {
      insert.run(request, fingerprint, at, JSON.stringify(pools), at + KEPT_MS);
    },
    removeExpired: (now, limit) => removeOver.run(now, limit),
  };
}
