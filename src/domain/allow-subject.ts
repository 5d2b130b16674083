import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import { stored } from './store-errors.ts';

function notDenied(subject: string): KeypoolError {
  return new KeypoolError(
    'SUBJECT_NOT_DENIED',
    'That subject is not denied. Check its name, to the letter.',
    {
      metadata: { subject },
    },
  );
}

/** Accepts tokens of a denied subject again. Errors: ADMIN_REQUIRED, SUBJECT_NOT_DENIED. */
export async function allowSubject(
  context: Context,
  call: Call,
  { subject }: { readonly subject: string },
): Promise<void> {
  requireAdmin(call.identity, 'write');
  const allowing = context.store.allowSubject(subject, (denial) =>
    adminEvent(context, call, {
      action: 'AllowSubject',
      resourceType: 'subject',
      resourceId: subject,
      changes: changesBetween({ reason: denial.reason }, null),
    }),
  );
  await stored(allowing, { 'not-found': () => notDenied(subject) });
}
