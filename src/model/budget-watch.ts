import { budgetAlertKinds } from './alert.ts';
import { setBounded } from './bounded-map.ts';
import type { Budget } from './budget.ts';

/**
 * Notes keys of whose budgets there may be something to tell, as takes and edits are seen to leave them. In memory only:
 * what a process noted and did not tell goes with it.
 */
export interface BudgetWatch<Id> {
  readonly see: (key: Id, budgets: WatchedBudgets) => void;
  /** The same of what is to be written, and may not be: nothing is remembered of it. */
  readonly foresee: (key: Id, budgets: WatchedBudgets) => void;
  /** The keys noted since the last time. */
  readonly take: () => readonly Id[];
  /** What was seen may not have come to be: whatever is seen from now on is new. */
  readonly forget: () => void;
}

type WatchedBudgets = readonly Pick<Budget, 'limit' | 'used' | 'epoch'>[];

/** Keys remembered as noted; where there are more, some are noted again. */
const NOTED_MAX = 20_000;

/** What there is to be told, as text: as long as it is the same, there is nothing new. */
function toldOf(budgets: WatchedBudgets): string {
  let text = '';
  for (const budget of budgets) {
    const kinds = budgetAlertKinds(budget);
    if (kinds.length > 0) text += ` ${budget.epoch}:${kinds.length}`;
  }
  return text;
}

export function createBudgetWatch<Id>(): BudgetWatch<Id> {
  const known = new Map<Id, string>();
  let noted = new Set<Id>();
  return {
    see: (key, budgets) => {
      const text = toldOf(budgets);
      if (text === (known.get(key) ?? '')) return;
      setBounded(known, NOTED_MAX, key, text);
      if (text !== '') noted.add(key);
    },
    foresee: (key, budgets) => {
      const text = toldOf(budgets);
      if (text !== '' && text !== known.get(key)) noted.add(key);
    },
    take: () => {
      const taken = [...noted];
      if (taken.length > 0) noted = new Set();
      return taken;
    },
    forget: () => known.clear(),
  };
}
