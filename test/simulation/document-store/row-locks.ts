import type { Transaction } from './command.ts';
import type { Change } from './tables.ts';

/** Rows that transactions have written and not yet committed. */
export interface RowLocks {
  readonly holds: (changes: readonly Change[]) => boolean;
  /** False when another transaction holds one of them. */
  readonly take: (transaction: Transaction, changes: readonly Change[]) => boolean;
  readonly release: (transaction: Transaction) => void;
  /** Tries again at the next release, or `retry`. */
  readonly wait: (attempt: () => void) => void;
  readonly waits: (attempt: () => void) => boolean;
  readonly retry: () => void;
}

function nameOf({ table, id }: Change): string {
  return `${table} ${id}`;
}

export function createRowLocks(): RowLocks {
  const holders = new Map<string, Transaction>();
  let waiting: (() => void)[] = [];

  const retry = () => {
    const woken = waiting;
    waiting = [];
    for (const attempt of woken) attempt();
  };

  return {
    holds: (changes) => holders.size > 0 && changes.some((change) => holders.has(nameOf(change))),
    take: (transaction, changes) => {
      for (const name of changes.map(nameOf)) {
        if ((holders.get(name) ?? transaction) !== transaction) return false;
        holders.set(name, transaction);
      }
      return true;
    },
    release: (transaction) => {
      for (const [name, holder] of holders) if (holder === transaction) holders.delete(name);
      transaction.isOver = true;
      retry();
    },
    wait: (attempt) => {
      waiting.push(attempt);
    },
    waits: (attempt) => waiting.includes(attempt),
    retry,
  };
}
