import { type MongoContext, storeNow } from './context.ts';

/** How long a process counts as alive after it said so, in ms. */
const ALIVE_MS = 15_000;
/** How long its row stays: nobody reads it any more. */
const KEPT_MS = 60_000;

/** Notes that the process of this store is alive, and gives how many are. */
export async function noteProcess(context: MongoContext): Promise<number> {
  const { processes } = context.rows;
  const now = storeNow(context);
  const expireAt = new Date(now + KEPT_MS);
  await processes.updateOne(
    { _id: context.processId },
    { $max: { seenAt: now }, $set: { expireAt } },
    { upsert: true },
  );
  return Math.max(1, await processes.countDocuments({ seenAt: { $gt: now - ALIVE_MS } }));
}
