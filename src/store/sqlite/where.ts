import type { SQLInputValue } from 'node:sqlite';

/** The conditions of a list: SQL texts with their values. */
export interface Where {
  /** Adds a condition with one `?`, unless its value is absent. */
  readonly add: (condition: string, value: SQLInputValue | undefined) => void;
  readonly sql: () => string;
  readonly values: SQLInputValue[];
}

export function createWhere(condition: string, ...values: SQLInputValue[]): Where {
  const conditions = [condition];
  return {
    values,
    add: (next, value) => {
      if (value === undefined) return;
      conditions.push(next);
      values.push(value);
    },
    sql: () => conditions.join(' AND '),
  };
}
