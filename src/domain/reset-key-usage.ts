import type { Budget } from '../model/budget.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { resetBudgets } from './edit-budgets.ts';
import { editKey } from './edit-key.ts';
import { changesBetween, type Described } from './field-changes.ts';
import type { KeyView } from './key-view.ts';

/** What the audit shows of a reset: the units that were spent. */
function describeUsage(budgets: readonly Budget[]): Described {
  return { budgets: budgets.map(({ limit, used }) => ({ limit: String(limit), used: String(used) })) };
}

/**
 * All budgets of the key start anew; its rate limits still count what was drawn. Errors: ADMIN_REQUIRED, KEY_NOT_FOUND.
 */
export async function resetKeyUsage(
  context: Context,
  call: Call,
  input: { readonly id: string },
): Promise<KeyView> {
  requireAdmin(call.identity, 'write');
  return editKey(context, call, 'ResetKeyUsage', input.id, (key, now) => {
    const reset = resetBudgets(key, now);
    const changes = changesBetween(describeUsage(key.budgets), describeUsage(reset.budgets));
    return { row: { ...key, ...reset }, changes };
  });
}
