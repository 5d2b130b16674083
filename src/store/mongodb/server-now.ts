import type { ClientSession, Collection, Filter } from 'mongodb';

/**
 * The server's own moment (ms) in a transaction on a row of it: what is known of its time here may be of the primary
 * before, and what a row counts by it would be forgotten, or count twice.
 */
export async function serverNow<T extends { readonly _id: string; readonly takenAt: number }>(
  collection: Collection<T>,
  row: Filter<T>,
  session: ClientSession,
): Promise<number> {
  const projection = { _id: 0, takenAt: 1, now: { $toLong: '$$NOW' } };
  const found = await collection.findOne<{ takenAt: number; now: number }>(row, { session, projection });
  if (found === null) throw new Error('a row that a transaction holds is gone');
  return Math.max(found.now, found.takenAt);
}
