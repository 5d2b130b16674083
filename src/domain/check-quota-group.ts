import type { Limit } from '../model/tier.ts';
import { checkLength, must, type Violations } from './check-field.ts';
import { checkBudgets, GROUP_ID } from './check-key.ts';
import { checkLimits } from './check-tier.ts';
import type { BudgetInput } from './key-fields.ts';

const DESCRIPTION_MAX = 2000;

/** All that an admin sets of a quota group. */
export interface QuotaGroupFields {
  readonly description: string;
  /** 0 to 4, no two of one algorithm and window. */
  readonly limits: readonly Limit[];
  /** 0 to 4, each window once. */
  readonly budgets: readonly BudgetInput[];
}

/** What is wrong with these fields of a quota group; those not given are left aside. */
export function checkQuotaGroup(fields: Partial<QuotaGroupFields> & { readonly id?: string }): Violations {
  const into: Violations = [];
  const { id, description, limits, budgets } = fields;
  const path = 'quotaGroup';
  if (id !== undefined) must(GROUP_ID.test(id), into, `${path}.id`, 'must be 1 to 63 of a-z 0-9 _ -');
  if (description !== undefined) checkLength(description, DESCRIPTION_MAX, into, `${path}.description`);
  if (budgets !== undefined) checkBudgets(budgets, into, `${path}.budgets`);
  if (limits !== undefined) checkLimits(limits, into, `${path}.limits`, 'group');
  return into;
}
