import type { AlertStore } from '../port.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge, isDuplicateKey } from './driver-errors.ts';

type Leases = Pick<AlertStore, 'holdLease' | 'noteWatcher' | 'lostWatchers' | 'forgetWatchers'>;

const LOST_MAX = 1000;

export function createLeases(context: MongoContext): Leases {
  const { rows } = context;
  return {
    holdLease: (name, holder, forMs) => atEdge(() => holdLease(context, name, holder, forMs)),
    noteWatcher: (id) =>
      atEdge(async () => {
        await rows.watchers.updateOne({ _id: id }, { $set: { seenAt: storeNow(context) } }, { upsert: true });
      }),
    lostWatchers: (before) =>
      atEdge(async () => {
        const lost = await rows.watchers
          .find({ seenAt: { $lt: before } })
          .limit(LOST_MAX)
          .toArray();
        return lost.map(({ _id }) => _id);
      }),
    forgetWatchers: (ids, before) =>
      atEdge(async () => {
        await rows.watchers.deleteMany({ _id: { $in: [...ids] }, seenAt: { $lt: before } });
      }),
  };
}

async function holdLease(
  context: MongoContext,
  name: string,
  holder: string,
  forMs: number,
): Promise<boolean> {
  const now = storeNow(context);
  try {
    const { matchedCount, upsertedCount } = await context.rows.leases.updateOne(
      { _id: name, $or: [{ holder }, { until: { $lte: now } }] },
      { $set: { holder, until: now + forMs } },
      { upsert: true },
    );
    return matchedCount + upsertedCount > 0;
  } catch (error) {
    // Another has it: the row is there and did not match.
    if (!isDuplicateKey(error)) throw error;
    return false;
  }
}
