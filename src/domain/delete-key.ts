import { adminEvent } from './admin-event.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import type { DeleteInput } from './delete-input.ts';
import { describeWholeKey } from './describe-key.ts';
import { checkEtag } from './etag.ts';
import { changesBetween } from './field-changes.ts';
import { keyNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** Its usage events stay. Errors: ADMIN_REQUIRED, KEY_NOT_FOUND, ETAG_MISMATCH. */
export async function deleteKey(context: Context, call: Call, input: DeleteInput): Promise<void> {
  requireAdmin(call.identity, 'write');
  const deleting = context.store.deleteKey(input.id, (key) => {
    checkEtag(input.etag, key.version);
    return adminEvent(context, call, {
      action: 'DeleteKey',
      resourceType: 'key',
      resourceId: key.id,
      changes: changesBetween(describeWholeKey(key), null),
    });
  });
  await stored(deleting, { 'not-found': () => keyNotFound(input.id) });
}
