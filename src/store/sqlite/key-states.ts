import type { DatabaseSync } from 'node:sqlite';
import type { KeyState } from '../../model/key.ts';
import { packState, unpackState } from './hot-state.ts';
import { createMemory } from './memory.ts';
import type { PlaceTable } from './places.ts';
import { prepare } from './statement.ts';

/** What takes decide from and change, by the key's number; its places follow. */
export interface KeyStates {
  readonly read: (key: number) => KeyState | null;
  readonly insert: (key: number, state: KeyState) => void;
  /** `before` is what is stored now. */
  readonly write: (key: number, before: KeyState, after: KeyState) => void;
  readonly remove: (key: number, before: KeyState) => void;
  /** Forgets what is remembered, because a write was undone. */
  readonly forget: () => void;
}

const REMEMBERED_MAX = 4096;

/** When the first open take of a state can be settled by others; null when it has none, as is usual on SQLite. */
function openEnd(state: KeyState): number | null {
  return state.open.length === 0 ? null : Math.min(...state.open.map((take) => take.end));
}

export function createKeyStates(db: DatabaseSync, places: PlaceTable): KeyStates {
  const select = prepare<{ hot: string }>(db, 'SELECT hot FROM key_states WHERE no = ?');
  const insert = prepare(db, 'INSERT INTO key_states (no, hot, open_end) VALUES (?, ?, ?)');
  const update = prepare(db, 'UPDATE key_states SET hot = ?, open_end = ? WHERE no = ?');
  const remove = prepare(db, 'DELETE FROM key_states WHERE no = ?');
  const remembered = createMemory<number, KeyState>(REMEMBERED_MAX);
  return {
    forget: remembered.clear,
    read: (key) => {
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const row = select.get(key);
      if (row === undefined) return null;
      const state = unpackState(row.hot);
      remembered.set(key, state);
      return state;
    },
    insert: (key, state) => {
      insert.run(key, packState(state), openEnd(state));
      places.move(key, null, state);
    },
    write: (key, before, after) => {
      update.run(packState(after), openEnd(after), key);
      remembered.set(key, after);
      places.move(key, before, after);
    },
    remove: (key, before) => {
      remove.run(key);
      remembered.delete(key);
      places.move(key, before, null);
    },
  };
}
