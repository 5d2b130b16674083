import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import { checkKey } from './check-key.ts';
import type { Call, Context } from './context.ts';
import type { NewKey } from './key-fields.ts';
import type { KeyView } from './key-view.ts';
import { addKeys } from './new-keys.ts';
import { tierNotFound } from './not-found.ts';

/** Errors: ADMIN_REQUIRED, INVALID_FIELD, TIER_NOT_FOUND, KEY_EXISTS (its value is in the tier already). */
export async function createKey(
  context: Context,
  call: Call,
  input: { readonly tierId: string; readonly key: NewKey },
): Promise<KeyView> {
  requireAdmin(call.identity, 'write');
  refuseIfAny(checkKey(input.key, 'key'));
  const [created] = await addKeys(context, call, 'CreateKey', { tierId: input.tierId, keys: [input.key] });
  if (created === undefined) throw tierNotFound(input.tierId);
  return created;
}
