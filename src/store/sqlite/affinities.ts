import type { DatabaseSync } from 'node:sqlite';
import type { AffinityHome } from '../../model/round.ts';
import { prepare } from './statement.ts';

/** How long an affinity is kept after its last draw, in ms. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** A draw prolongs it where it was not for so long, in ms. */
const RENEWED_AFTER_MS = 60 * 60 * 1000;

/** Which key the draws of an affinity go to; `keyId` is the key's number as text. Within a write. */
export interface Affinities {
  /** Null when there is none; prolonged by being asked for. */
  readonly recall: (affinity: string, now: number) => AffinityHome | null;
  readonly move: (affinity: string, to: AffinityHome, now: number) => void;
  /** Deletes those that are over, oldest first, `limit` at most; returns how many. */
  readonly removeExpired: (now: number, limit: number) => number;
}

export function createAffinities(db: DatabaseSync): Affinities {
  type Row = { readonly tierId: string; readonly key: number; readonly expireAt: number };
  const find = prepare<Row>(
    db,
    'SELECT tier AS tierId, key, expire_at AS expireAt FROM affinities WHERE affinity = ? AND expire_at > ?',
  );
  const put = prepare(db, 'INSERT OR REPLACE INTO affinities VALUES (?, ?, ?, ?)');
  const removeOver = prepare(
    db,
    `DELETE FROM affinities WHERE affinity IN (
       SELECT affinity FROM affinities WHERE expire_at <= ? ORDER BY expire_at LIMIT ?)`,
  );
  return {
    recall: (affinity, now) => {
      const row = find.get(affinity, now);
      if (row === undefined) return null;
      const { tierId, key, expireAt } = row;
      if (expireAt - now < KEPT_MS - RENEWED_AFTER_MS) put.run(affinity, tierId, key, now + KEPT_MS);
      return { tierId, keyId: String(key) };
    },
    move: (affinity, { tierId, keyId }, now) => {
      put.run(affinity, tierId, Number(keyId), now + KEPT_MS);
    },
    removeExpired: (now, limit) => removeOver.run(now, limit),
  };
}
