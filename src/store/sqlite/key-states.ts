import type { DatabaseSync } from 'node:sqlite';
import type { BudgetWatch } from '../../model/budget-watch.ts';
import type { KeyState } from '../../model/key.ts';
import { packState, unpackState } from './hot-state.ts';
import { createWriteMemory, type WriteEnd } from './memory.ts';
import type { PlaceTable } from './places.ts';
import { prepare } from './statement.ts';
import { createUnwellKeys } from './unwell-keys.ts';

/** What takes decide from and change, by the key's number; its places follow. */
export interface KeyStates extends WriteEnd {
  readonly read: (key: number) => KeyState | null;
  readonly insert: (key: number, state: KeyState) => void;
  /** `before` is what is stored now. */
  readonly write: (key: number, before: KeyState, after: KeyState) => void;
  readonly remove: (key: number, before: KeyState) => void;
}

const REMEMBERED_MAX = 4096;

/** When the first open take of a state can be settled by others; null when it has none, as is usual on SQLite. */
function openEnd(state: KeyState): number | null {
  return state.open.length === 0 ? null : Math.min(...state.open.map((take) => take.end));
}

/**
 * When a key expires that stands nowhere because it had expired by `now`, or null: should the clock turn out to have
 * been ahead, it comes back.
 */
function outExpired({ state, expireAt, ready, due }: KeyState, now: number): number | null {
  if (state !== 'active' || expireAt === null || expireAt > now) return null;
  return Object.keys(ready).length + Object.keys(due).length === 0 ? expireAt : null;
}

export function createKeyStates(
  db: DatabaseSync,
  places: PlaceTable,
  now: () => number,
  budgetWatch: Pick<BudgetWatch<number>, 'see'>,
): KeyStates {
  const select = prepare<{ hot: string }>(db, 'SELECT hot FROM key_states WHERE no = ?');
  const insert = prepare(db, 'INSERT INTO key_states (no, hot, open_end, out_expired) VALUES (?, ?, ?, ?)');
  const update = prepare(db, 'UPDATE key_states SET hot = ?, open_end = ?, out_expired = ? WHERE no = ?');
  const remove = prepare(db, 'DELETE FROM key_states WHERE no = ?');
  const remembered = createWriteMemory<number, KeyState>({ entriesMax: REMEMBERED_MAX });
  const unwell = createUnwellKeys(db);
  return {
    committed: remembered.committed,
    undone: remembered.undone,
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
      insert.run(key, packState(state), openEnd(state), outExpired(state, now()));
      remembered.written(key);
      places.move(key, null, state);
      unwell.follow(key, null, state);
    },
    write: (key, before, after) => {
      update.run(packState(after), openEnd(after), outExpired(after, now()), key);
      remembered.written(key);
      remembered.set(key, after);
      if (after.budgets.length > 0) budgetWatch.see(key, after.budgets);
      places.move(key, before, after);
      unwell.follow(key, before, after);
    },
    remove: (key, before) => {
      remove.run(key);
      remembered.delete(key);
      places.move(key, before, null);
      unwell.follow(key, before, null);
    },
  };
}
