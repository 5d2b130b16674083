import type { OwnerCredits } from '../model/credit.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { describeOwnerCredits } from './describe-owner-credits.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import { stored } from './store-errors.ts';

/** Lets an owner's consumers use what each of them has. Errors: ADMIN_REQUIRED, OWNER_CREDITS_NOT_FOUND. */
export async function deleteOwnerCredits(context: Context, call: Call, owner: string): Promise<void> {
  requireAdmin(call.identity, 'write');

  function edit(before: OwnerCredits | null): Edit<OwnerCredits | null> {
    if (before === null)
      throw new KeypoolError(
        'OWNER_CREDITS_NOT_FOUND',
        'The owner has no credits of its own. Those that have are in ListOwnerCredits.',
        { metadata: { owner } },
      );
    const event = adminEvent(context, call, {
      action: 'DeleteOwnerCredits',
      resourceType: 'owner_credits',
      resourceId: owner,
      changes: changesBetween(describeOwnerCredits(before), null),
    });
    return { row: null, event };
  }

  await stored(context.store.editOwnerCredits(owner, edit));
}
