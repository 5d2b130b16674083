import type { DatabaseSync } from 'node:sqlite';
import type { KeyState } from '../../model/key.ts';
import { isUnwell } from '../../model/key-order.ts';
import { prepare } from './statement.ts';

/** The numbers of keys that `isUnwell` tells, apart from their states: what is well costs nothing. */
export interface UnwellKeys {
  /** Follows a key from what it was to what it is; null: it is not there. */
  readonly follow: (key: number, before: KeyState | null, after: KeyState | null) => void;
}

export function createUnwellKeys(db: DatabaseSync): UnwellKeys {
  const insert = prepare(db, 'INSERT INTO unwell_keys VALUES (?)');
  const remove = prepare(db, 'DELETE FROM unwell_keys WHERE key = ?');
  return {
    follow: (key, before, after) => {
      // A take leaves a key's health as it was, the object itself.
      if (before?.health === after?.health) return;
      const was = before !== null && isUnwell(before);
      const is = after !== null && isUnwell(after);
      if (is && !was) insert.run(key);
      if (was && !is) remove.run(key);
    },
  };
}
