import type { FieldChange } from '../model/audit.ts';
import type { Key } from '../model/key.ts';
import { placesOf } from '../model/place.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import type { Call, Context } from './context.ts';
import { type KeyView, viewKey } from './key-view.ts';
import { keyExists } from './new-keys.ts';
import { keyNotFound, quotaGroupNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';

/** A row with an admin's changes, and what the audit says of them; no changes: nothing is written. */
export interface ChangedKey {
  readonly row: Key;
  readonly changes: readonly FieldChange[];
}

/**
 * Changes one key between takes: its places are worked out anew, its version counts on, the audit row goes with it.
 * Errors: KEY_NOT_FOUND, KEY_EXISTS, and whatever `change` throws.
 */
export async function editKey(
  context: Context,
  call: Call,
  action: string,
  id: string,
  change: (key: Key, now: number) => ChangedKey,
): Promise<KeyView> {
  let tierId = '';
  let groupId: string | null = null;
  const editing = context.store.editKey(id, (key, tier, now): Edit<Key> => {
    tierId = key.tierId;
    const { row, changes } = change(key, now);
    groupId = row.traits.groupId;
    if (changes.length === 0) return { row: key, event: null };
    const event = adminEvent(context, call, { action, resourceType: 'key', resourceId: id, changes });
    const edited: Key = {
      ...row,
      ...placesOf(row, tier, now),
      placed: tier.revision,
      revision: Math.max(row.revision, tier.revision),
      version: key.version + 1,
      updatedAt: now,
    };
    return { row: edited, event: { ...event, at: now } };
  });
  const row = await stored(editing, {
    'not-found': () => keyNotFound(id),
    'no-group': () => quotaGroupNotFound(groupId ?? ''),
    exists: () => keyExists(tierId, 0),
  });
  return viewKey(row, context.store.now());
}
