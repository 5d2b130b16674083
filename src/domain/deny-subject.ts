import { type DeniedSubject, isSubject } from '../model/subject.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkLine, must, refuseIfAny, type Violations } from './check-field.ts';
import type { Call, Context } from './context.ts';
import { changesBetween } from './field-changes.ts';
import { stored } from './store-errors.ts';

const REASON_MAX = 500;

/**
 * Refuses all tokens of a subject of another server, whatever is remembered of them; every process heeds it within 2 s.
 * Denying twice changes the reason only. Errors: ADMIN_REQUIRED, INVALID_FIELD.
 */
export async function denySubject(
  context: Context,
  call: Call,
  input: { readonly subject: string; readonly reason: string },
): Promise<DeniedSubject> {
  requireAdmin(call.identity, 'write');
  const { subject, reason } = input;
  const violations: Violations = [];
  must(isSubject(subject), violations, 'subject', 'must have 1 to 255 characters, no control characters');
  must(reason.trim() !== '', violations, 'reason', 'say why; it is kept on the list');
  checkLine(reason, REASON_MAX, violations, 'reason');
  refuseIfAny(violations);

  function edit(denial: DeniedSubject | null): Edit<DeniedSubject> {
    if (denial?.reason === reason) return { row: denial, event: null };
    const row = { subject, reason, deniedAt: denial?.deniedAt ?? context.store.now() };
    const event = adminEvent(context, call, {
      action: 'DenySubject',
      resourceType: 'subject',
      resourceId: subject,
      changes: changesBetween(denial === null ? null : { reason: denial.reason }, { reason }),
    });
    return { row, event };
  }

  return stored(context.store.denySubject(subject, edit));
}
