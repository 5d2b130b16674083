import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';

/** The number of a key, also of one that was deleted, by its id; null when there never was one. */
export function createKeyNumbers(db: DatabaseSync): (keyId: string) => number | null {
  const find = prepare<{ no: number }>(
    db,
    'SELECT no FROM keys WHERE id = ?1 UNION ALL SELECT no FROM deleted_keys WHERE id = ?1 LIMIT 1',
  );
  return (keyId) => find.get(keyId)?.no ?? null;
}
