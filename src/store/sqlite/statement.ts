import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';

/** Rows by column name. Described as a type, not an interface: only then is it a record to TypeScript. */
type Row = Readonly<Record<string, SQLOutputValue>>;

/** A prepared statement whose rows have the shape `R`; that the SQL gives it is the caller's promise. */
export interface Statement<R extends Row> {
  readonly get: (...values: SQLInputValue[]) => R | undefined;
  readonly all: (...values: SQLInputValue[]) => R[];
  /** Returns how many rows it changed. */
  readonly run: (...values: SQLInputValue[]) => number;
}

export function prepare<R extends Row = Row>(db: Pick<DatabaseSync, 'prepare'>, sql: string): Statement<R> {
  const statement = db.prepare(sql);
  return {
    get: (...values) => statement.get(...values) as R | undefined,
    all: (...values) => statement.all(...values) as R[],
    run: (...values) => Number(statement.run(...values).changes),
  };
}
