import type { QuotaGroup } from '../model/quota-group.ts';
import { describeBudget } from './describe-key.ts';
import { describeLimit } from './describe-tier.ts';
import type { Described } from './field-changes.ts';

/** A quota group as the audit shows it. */
export function describeQuotaGroup({ description, limits, budgets }: QuotaGroup): Described {
  return { description, limits: limits.map(describeLimit), budgets: budgets.map(describeBudget) };
}
