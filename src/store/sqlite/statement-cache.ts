import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { createMemory } from './memory.ts';
import { prepare, type Statement } from './statement.ts';

const STATEMENTS_MAX = 128;

/** Prepares statements whose text depends on a filter, each text once. */
export function createStatementCache(
  db: DatabaseSync,
): <R extends Readonly<Record<string, SQLOutputValue>>>(sql: string) => Statement<R> {
  const prepared = createMemory<string, ReturnType<DatabaseSync['prepare']>>({ entriesMax: STATEMENTS_MAX });
  return <R extends Readonly<Record<string, SQLOutputValue>>>(sql: string): Statement<R> => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return prepare<R>({ prepare: () => known }, sql);
  };
}
