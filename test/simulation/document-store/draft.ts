import type { Change, Tables } from './tables.ts';
import type { Row } from './values.ts';

/** Rows as a command sees them, its own writes among them; nothing of it is stored yet. */
export interface Draft {
  readonly row: (table: string, id: string) => Row | undefined;
  readonly rows: (table: string) => Iterable<Row>;
  readonly put: (table: string, row: Row) => void;
  readonly remove: (table: string, id: string) => void;
  readonly changes: () => readonly Change[];
}

export function createDraft(base: Pick<Tables, 'row' | 'rows'>): Draft {
  const changes = new Map<string, Change>();
  const note = (change: Change) => {
    const name = `${change.table} ${change.id}`;
    // In the order of the last writes, which is the one they are logged in.
    changes.delete(name);
    changes.set(name, change);
  };
  return {
    row: (table, id) => {
      const own = changes.get(`${table} ${id}`);
      return own === undefined ? base.row(table, id) : (own.after ?? undefined);
    },
    rows: (table) => {
      const own = [...changes.values()].filter((change) => change.table === table);
      if (own.length === 0) return base.rows(table);
      const rows = new Map<string, Row>();
      for (const row of base.rows(table)) rows.set(row._id, row);
      for (const { id, after } of own)
        if (after === null) rows.delete(id);
        else rows.set(id, after);
      return rows.values();
    },
    put: (table, row) => note({ table, id: row._id, after: row }),
    remove: (table, id) => note({ table, id, after: null }),
    changes: () => [...changes.values()],
  };
}
