import { CREDITS_MAX, type OwnerCredits } from '../model/credit.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkInteger, checkLine, must, refuseIfAny, type Violations } from './check-field.ts';
import type { Call, Context } from './context.ts';
import { describeOwnerCredits } from './describe-owner-credits.ts';
import { changesBetween } from './field-changes.ts';
import { stored } from './store-errors.ts';

const OWNER_MAX = 200;

/**
 * Gives all consumers of an owner together so many credits in any minute; every process heeds it within 2 s. Errors:
 * ADMIN_REQUIRED, INVALID_FIELD.
 */
export async function setOwnerCredits(
  context: Context,
  call: Call,
  input: Pick<OwnerCredits, 'owner' | 'creditsPerMinute'>,
): Promise<OwnerCredits> {
  requireAdmin(call.identity, 'write');
  const { owner, creditsPerMinute } = input;
  const violations: Violations = [];
  must(owner !== '', violations, 'owner', 'name the owner');
  checkLine(owner, OWNER_MAX, violations, 'owner');
  checkInteger(creditsPerMinute, 1, CREDITS_MAX, violations, 'creditsPerMinute');
  refuseIfAny(violations);
  const row = { owner, creditsPerMinute, updatedAt: context.store.now() };

  function edit(before: OwnerCredits | null): Edit<OwnerCredits | null> {
    if (before?.creditsPerMinute === creditsPerMinute) return { row: before, event: null };
    const event = adminEvent(context, call, {
      action: 'SetOwnerCredits',
      resourceType: 'owner_credits',
      resourceId: owner,
      changes: changesBetween(describeOwnerCredits(before), describeOwnerCredits(row)),
    });
    return { row, event };
  }

  return (await stored(context.store.editOwnerCredits(owner, edit))) ?? row;
}
