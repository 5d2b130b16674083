import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import { checkLine, refuseIfAny, type Violations } from './check-field.ts';
import type { Call, Context } from './context.ts';
import { changesBetween } from './field-changes.ts';
import type { ReplacedKeys } from './signing-keys.ts';

const REASON_MAX = 500;

export interface RotateSigningKeyInput {
  /** For the audit, at most 500 characters; empty for none. */
  readonly reason: string;
  /** Whether the keys until now are withdrawn; else what they signed is accepted until it expires. */
  readonly revokePrevious: boolean;
}

/**
 * Makes a new key that signs JWTs from now on, out of turn. What a withdrawn key signed is refused in every process within
 * 2 s. Errors: ADMIN_REQUIRED, INVALID_FIELD, STORE_UNAVAILABLE.
 */
export async function rotateSigningKey(
  context: Context,
  call: Call,
  { reason, revokePrevious }: RotateSigningKeyInput,
): Promise<ReplacedKeys> {
  requireAdmin(call.identity, 'write');
  const violations: Violations = [];
  checkLine(reason, REASON_MAX, violations, 'reason');
  refuseIfAny(violations);
  return context.jwts.replaceKeys(revokePrevious, ({ id, withdrawn }) =>
    adminEvent(context, call, {
      action: 'RotateSigningKey',
      resourceType: 'signing_key',
      resourceId: id,
      changes: changesBetween(null, {
        reason,
        revoke_previous: revokePrevious,
        withdrawn_key_ids: withdrawn,
      }),
    }),
  );
}
