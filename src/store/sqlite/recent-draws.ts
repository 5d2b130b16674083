import type { DatabaseSync } from 'node:sqlite';
import type { WriteEnd } from './memory.ts';
import { prepare } from './statement.ts';

/** A draw as its audit row tells of it, in numbers of names and of its key. */
export type DrawRow = {
  readonly seq: number;
  readonly at: number;
  readonly consumer: number;
  readonly key: number;
  readonly tier: number;
  readonly feature: number;
  readonly units: number;
  readonly take: string;
  readonly serial: number;
};

/**
 * Draws that no table finds yet, by their ids, so that a report finds its draw at once. Nothing is remembered
 * until the first one is looked for; then from the rows that are not indexed, and from every write on.
 */
export interface RecentDraws extends WriteEnd {
  /** Notes a draw that was written. */
  readonly add: (draw: DrawRow) => void;
  /** A draw's row; null when there is none. Within a write, or where none is under way. */
  readonly find: (take: string, serial: number) => DrawRow | null;
  /** Forgets those up to `seq`: the table has them. */
  readonly indexed: (seq: number) => void;
}

const COLUMNS = 'e.seq, e.at, e.consumer, e.key, e.tier, e.feature, e.units, e.take, e.serial';

export function createRecentDraws(db: DatabaseSync): RecentDraws {
  const inTable = prepare<DrawRow>(
    db,
    `SELECT ${COLUMNS} FROM usage_by_take t JOIN usage_events e ON e.seq = t.seq WHERE t.take = ? AND t.serial = ?`,
  );
  const indexed = prepare<{ seq: number }>(db, 'SELECT seq FROM usage_indexed');
  const waiting = prepare<DrawRow>(
    db,
    `SELECT ${COLUMNS} FROM usage_events e WHERE e.seq > ? AND e.key > 0 ORDER BY e.seq`,
  );
  /** By draw id, in the order of their numbers; null: not known. */
  let recent: Map<string, DrawRow> | null = null;
  const nameOf = ({ take, serial }: Pick<DrawRow, 'take' | 'serial'>): string => `${take}.${serial}`;
  const read = (): Map<string, DrawRow> => {
    recent ??= new Map(waiting.all(indexed.get()?.seq ?? 0).map((row) => [nameOf(row), row]));
    return recent;
  };
  return {
    add: (draw) => {
      recent?.set(nameOf(draw), draw);
    },
    find: (take, serial) => read().get(nameOf({ take, serial })) ?? inTable.get(take, serial) ?? null,
    indexed: (upTo) => {
      if (recent === null) return;
      for (const [name, { seq }] of recent) {
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
