import { requireAdmin } from './authorize.ts';
import { refuseIfAny } from './check-field.ts';
import { checkKey } from './check-key.ts';
import type { Call, Context } from './context.ts';
import { invalidField } from './errors.ts';
import type { NewKey } from './key-fields.ts';
import type { KeyView } from './key-view.ts';
import { addKeys } from './new-keys.ts';

const BATCH_MAX = 1000;

/**
 * Creates 1 to 1,000 keys of one tier, all or none, in the order given. Errors: ADMIN_REQUIRED, INVALID_FIELD,
 * TIER_NOT_FOUND, KEY_EXISTS with the `index` of the key whose value is in the batch or the tier already.
 */
export async function batchCreateKeys(
  context: Context,
  call: Call,
  input: { readonly tierId: string; readonly keys: readonly NewKey[] },
): Promise<readonly KeyView[]> {
  requireAdmin(call.identity, 'write');
  if (input.keys.length < 1 || input.keys.length > BATCH_MAX)
    throw invalidField('keys', `must be 1 to ${BATCH_MAX}`);
  refuseIfAny(input.keys.flatMap((key, i) => checkKey(key, `keys[${i}]`)));
  return addKeys(context, call, 'BatchCreateKeys', input);
}
