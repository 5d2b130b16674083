import type { Row } from './values.ts';

/** One row written, or removed when `after` is null. */
export interface Change {
  readonly table: string;
  readonly id: string;
  readonly after: Row | null;
}

interface Entry extends Change {
  readonly before: Row | null;
  readonly position: number;
  /** The position of the last entry of its transaction: they are kept or lost together. */
  readonly together: number;
}

/** The rows of one member with its log of writes: those up to `committed` are on a majority, the rest may be lost. */
export interface Tables {
  readonly row: (table: string, id: string) => Row | undefined;
  readonly rows: (table: string) => Iterable<Row>;
  /** As a majority has them. */
  readonly majorityRow: (table: string, id: string) => Row | undefined;
  readonly majorityRows: (table: string) => Iterable<Row>;
  /** Position of the last write of all, and of the last on a majority. */
  readonly position: () => number;
  readonly committed: () => number;
  /** Position of the row's last write; 0 when it was never written since this member began. */
  readonly writtenAt: (table: string, id: string) => number;
  readonly apply: (changes: readonly Change[], asOne: boolean) => void;
  readonly commitTo: (position: number) => void;
  /** A copy that has the writes up to about `position`, no transaction in parts, and none of the later ones. */
  readonly branch: (position: number) => Tables;
}

type Contents = Map<string, Map<string, Row>>;

export function createTables(
  contents: Contents = new Map(),
  log: readonly Entry[] = [],
  committedAt = 0,
): Tables {
  const uncommitted = [...log];
  const written = new Map<string, number>();
  let last = log.at(-1)?.position ?? committedAt;
  let committed = committedAt;

  const tableOf = (name: string) => {
    let table = contents.get(name);
    if (table === undefined) {
      table = new Map();
      contents.set(name, table);
    }
    return table;
  };

  /** The rows that a majority has otherwise, as it has them. */
  const behind = (name: string) => {
    const rows = new Map<string, Row | null>();
    for (const { table, id, before } of uncommitted)
      if (table === name && !rows.has(id)) rows.set(id, before);
    return rows;
  };

  return {
    row: (table, id) => tableOf(table).get(id),
    rows: (table) => tableOf(table).values(),
    majorityRow: (table, id) => {
      const entry = uncommitted.find((one) => one.table === table && one.id === id);
      return entry === undefined ? tableOf(table).get(id) : (entry.before ?? undefined);
    },
    majorityRows: (table) => {
      const older = behind(table);
      if (older.size === 0) return tableOf(table).values();
      const rows = new Map<string, Row | null>([...tableOf(table), ...older]);
      return [...rows.values()].filter((row) => row !== null);
    },
    position: () => last,
    committed: () => committed,
    writtenAt: (table, id) => written.get(`${table} ${id}`) ?? 0,
    apply: (changes, asOne) => {
      const together = last + changes.length;
      for (const { table, id, after } of changes) {
        const rows = tableOf(table);
        last += 1;
        const before = rows.get(id) ?? null;
        uncommitted.push({ table, id, after, before, position: last, together: asOne ? together : last });
        written.set(`${table} ${id}`, last);
        put(rows, id, after);
      }
    },
    commitTo: (position) => {
      committed = Math.max(committed, Math.min(position, last));
      const first = uncommitted.findIndex((entry) => entry.position > committed);
      uncommitted.splice(0, first === -1 ? uncommitted.length : first);
    },
    branch: (position) => {
      const copy: Contents = new Map([...contents].map(([name, rows]) => [name, new Map(rows)]));
      const kept = uncommitted.filter((entry) => entry.together <= position);
      for (const { table, id, before } of uncommitted.slice(kept.length).reverse())
        put(copy.get(table) ?? new Map(), id, before);
      return createTables(copy, kept, committed);
    },
  };
}

function put(rows: Map<string, Row>, id: string, row: Row | null): void {
  if (row === null) rows.delete(id);
  else rows.set(id, row);
}
