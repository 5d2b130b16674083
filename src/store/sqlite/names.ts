import type { DatabaseSync } from 'node:sqlite';
import { createWriteMemory, type WriteEnd } from './memory.ts';
import { prepare } from './statement.ts';

/** Short numbers for strings that repeat in many rows. */
export interface Names extends WriteEnd {
  /** The number of a string, given to it now if it had none. Within a write. */
  readonly number: (text: string) => number;
  /** The number of a string, null when it has none. */
  readonly find: (text: string) => number | null;
}

const REMEMBERED_MAX = 20_000;

export function createNames(db: DatabaseSync): Names {
  const select = prepare<{ no: number }>(db, 'SELECT no FROM names WHERE text = ?');
  const insert = prepare<{ no: number }>(db, 'INSERT INTO names (text) VALUES (?) RETURNING no');
  const remembered = createWriteMemory<string, number>({ entriesMax: REMEMBERED_MAX });
  const remember = (text: string, no: number): number => {
    remembered.set(text, no);
    return no;
  };
  const find = (text: string): number | null => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const row = select.get(text);
    return row === undefined ? null : remember(text, row.no);
  };
  return {
    find,
    number: (text) => {
      const known = find(text);
      if (known !== null) return known;
      const [row] = insert.all(text);
      if (row === undefined) throw new Error('a new name got no number');
      remembered.written(text);
      return remember(text, row.no);
    },
    committed: remembered.committed,
    undone: remembered.undone,
  };
}
