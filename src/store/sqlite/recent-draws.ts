import type { DatabaseSync } from 'node:sqlite';
import type { WriteEnd } from './memory.ts';
import { prepare } from './statement.ts';

/**
 * Where draws stand that no table finds yet, by their ids, so that a report finds its draw at once. Nothing is remembered
 * until the first one is looked for; then from the rows that are not indexed, and from every write on.
 */
export interface RecentDraws extends WriteEnd {
  /** Notes a draw that was written. */
  readonly add: (take: string, serial: number, seq: number) => void;
  /** The number of a draw's row; null when there is none. Within a write, or where none is under way. */
  readonly find: (take: string, serial: number) => number | null;
  /** Forgets those up to `seq`: the table has them. */
  readonly indexed: (seq: number) => void;
}

export function createRecentDraws(db: DatabaseSync): RecentDraws {
  const inTable = prepare<{ seq: number }>(db, 'SELECT seq FROM usage_by_take WHERE take = ? AND serial = ?');
  const indexed = prepare<{ seq: number }>(db, 'SELECT seq FROM usage_indexed');
  const waiting = prepare<{ take: string; serial: number; seq: number }>(
    db,
    'SELECT take, serial, seq FROM usage_events WHERE seq > ? AND key > 0 ORDER BY seq',
  );
  /** Numbers by draw id, in the order of the numbers; null: not known. */
  let recent: Map<string, number> | null = null;
  const nameOf = (take: string, serial: number): string => `${take}.${serial}`;
  const read = (): Map<string, number> => {
    if (recent !== null) return recent;
    const rows = waiting.all(indexed.get()?.seq ?? 0);
    recent = new Map(rows.map(({ take, serial, seq }) => [nameOf(take, serial), seq]));
    return recent;
  };
  return {
    add: (take, serial, seq) => {
      recent?.set(nameOf(take, serial), seq);
    },
    find: (take, serial) => read().get(nameOf(take, serial)) ?? inTable.get(take, serial)?.seq ?? null,
    indexed: (upTo) => {
      if (recent === null) return;
      for (const [name, seq] of recent) {
        if (seq > upTo) break;
        recent.delete(name);
      }
    },
    committed: () => {},
    undone: () => {
      recent = null;
    },
  };
}
