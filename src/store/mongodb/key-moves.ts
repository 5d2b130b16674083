import { StoreError } from '../errors.ts';
import type { KeyBulkStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { claimFingerprints, editOf, lockKey, releaseFingerprint, transactInTier } from './keys.ts';
import { serverNow } from './server-now.ts';
import { lockTier } from './tiers.ts';

/**
 * Puts keys into other tiers: the row stays one document, whose shard key changes within a transaction. Its open takes go
 * with it; recovery finds them where they are, and who settles one under the tier that it was taken in leaves it to that.
 */
export function createKeyMoves(context: MongoContext): Pick<KeyBulkStore, 'moveKey'> {
  return { moveKey: (id, tierId, move) => atEdge(() => moveKey(context, id, tierId, move)) };
}

async function moveKey(
  context: MongoContext,
  id: string,
  tierId: string,
  move: Parameters<KeyBulkStore['moveKey']>[2],
): ReturnType<KeyBulkStore['moveKey']> {
  const moved = await transactInTier(context, id, async (session, from) => {
    const to = await lockTier(context, tierId, session).catch((error: unknown) => {
      if (!(error instanceof StoreError && error.kind === 'not-found')) throw error;
      throw new StoreError('no-tier', error.message);
    });
    const before = await lockKey(context, id, from, session);
    const now = await serverNow(context.rows.keys, { _id: id, tierId: from }, session);
    const { row, event } = move(before, to, context.freshRank(), now);
    if (event === null) {
      await session.abortTransaction();
      return row;
    }
    await releaseFingerprint(context, before, session);
    await claimFingerprints(context, [row], session);
    await context.rows.keys.updateOne({ _id: id, tierId: from }, editOf(context, row), { session });
    await writeEvents(context, [event], session);
    return row;
  });
  context.ahead.clear();
  context.freed(tierId);
  return moved;
}
