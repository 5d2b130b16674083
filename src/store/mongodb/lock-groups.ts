import type { ClientSession } from 'mongodb';
import { StoreError } from '../errors.ts';
import type { MongoContext } from './context.ts';

/** Quota groups that keys are to name stay there until the transaction's end. Errors: `no-group`. */
export async function lockGroups(
  { rows }: MongoContext,
  groupIds: readonly (string | null)[],
  session: ClientSession,
): Promise<void> {
  for (const _id of new Set(groupIds)) {
    if (_id === null) continue;
    const { matchedCount } = await rows.groups.updateOne({ _id }, { $inc: { touches: 1 } }, { session });
    if (matchedCount === 0)
      throw new StoreError('no-group', `There is no quota group "${_id}".`, {
        index: groupIds.indexOf(_id),
      });
  }
}
