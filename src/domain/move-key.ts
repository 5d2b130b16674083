import type { Key } from '../model/key.ts';
import { movedKey } from '../model/moved-key.ts';
import { placesOf } from '../model/place.ts';
import type { Tier } from '../model/tier.ts';
import type { Edit } from '../store/port.ts';
import { adminEvent } from './admin-event.ts';
import type { Call, Context } from './context.ts';
import { describeKey } from './describe-key.ts';
import { KeypoolError } from './errors.ts';
import { changesBetween } from './field-changes.ts';
import type { KeyFields } from './key-fields.ts';
import { type KeyView, viewKey } from './key-view.ts';
import { keyNotFound, tierNotFound } from './not-found.ts';
import { stored } from './store-errors.ts';
import { withPlainFields } from './update-key.ts';

function valueTaken(tierId: string): KeypoolError {
  return new KeypoolError(
    'KEY_EXISTS',
    `Tier ${tierId} has a key with its value already. Two rows for one upstream key would double its limit.`,
    { metadata: { tier_id: tierId } },
  );
}

/** The key in its tier, which may be the one it is in. */
function inTier(key: Key, to: Tier, freshRank: number, now: number): Key {
  if (key.tierId !== to.id) return movedKey(key, to, freshRank, now);
  const row = { ...key, placed: to.revision, revision: Math.max(key.revision, to.revision) };
  return { ...row, ...placesOf(row, to, now) };
}

/**
 * Puts a key into a tier, with what else is to change of it, all or nothing. One that is there and as it is to be is left
 * alone. Errors: KEY_NOT_FOUND, TIER_NOT_FOUND, KEY_EXISTS.
 */
export async function moveKey(
  context: Context,
  call: Call,
  action: string,
  input: { readonly id: string; readonly tierId: string; readonly changes: KeyFields },
): Promise<KeyView> {
  const { id, tierId } = input;
  const moving = context.store.moveKey(id, tierId, (key, to, freshRank, now): Edit<Key> => {
    const row = {
      ...inTier(withPlainFields(key, input.changes, now), to, freshRank, now),
      version: key.version + 1,
      updatedAt: now,
    };
    const changes = changesBetween(describeKey(key), describeKey(row));
    if (changes.length === 0) return { row: key, event: null };
    const event = adminEvent(context, call, { action, resourceType: 'key', resourceId: id, changes });
    return { row, event: { ...event, at: now } };
  });
  const row = await stored(moving, {
    'not-found': () => keyNotFound(id),
    'no-tier': () => tierNotFound(tierId),
    exists: () => valueTaken(tierId),
  });
  return viewKey(row, context.store.now());
}
