import type { DatabaseSync } from 'node:sqlite';
import { createWriteMemory, type WriteEnd } from './memory.ts';
import { prepare } from './statement.ts';

/** Short numbers for strings that repeat in many rows. */
export interface Names extends WriteEnd {
  /** The number of a string, given to it now if it had none. Within a write. */
  readonly number: (text: string) => number;
  /** The number of a string, null when it has none. */
  readonly find: (text: string) => number | null;
  /** The string of a number. */
  readonly text: (no: number) => string;
}

const REMEMBERED_MAX = 20_000;

export function createNames(db: DatabaseSync): Names {
  const select = prepare<{ no: number }>(db, 'SELECT no FROM names WHERE text = ?');
  const insert = prepare<{ no: number }>(db, 'INSERT INTO names (text) VALUES (?) RETURNING no');
  const remembered = createWriteMemory<string, number>({ entriesMax: REMEMBERED_MAX });
  const texts = createWriteMemory<number, string>({ entriesMax: REMEMBERED_MAX });
  const selectText = prepare<{ text: string }>(db, 'SELECT text FROM names WHERE no = ?');
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
    text: (no) => {
      const known = texts.get(no);
      if (known !== undefined) return known;
      const row = selectText.get(no);
      if (row === undefined) throw new Error('a number stands for no name');
      texts.set(no, row.text);
      return row.text;
    },
    number: (text) => {
      const known = find(text);
      if (known !== null) return known;
      const [row] = insert.all(text);
      if (row === undefined) throw new Error('a new name got no number');
      remembered.written(text);
      texts.written(row.no);
      return remember(text, row.no);
    },
    committed: () => {
      remembered.committed();
      texts.committed();
    },
    undone: () => {
      remembered.undone();
      texts.undone();
    },
  };
}
