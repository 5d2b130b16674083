import type { IdentityStore } from '../port.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge, isDuplicateKey } from './driver-errors.ts';

type KeptTokens = Pick<IdentityStore, 'findKeptToken' | 'keepToken' | 'deleteExpiredTokens'>;

export function createKeptTokens(context: MongoContext): KeptTokens {
  const { rows } = context;
  return {
    findKeptToken: (key) =>
      atEdge(async () => {
        const row = await rows.keptTokens.findOne({ _id: key, expireAt: { $gt: storeNow(context) } });
        return row === null ? null : { key, body: row.body, expireAt: row.expireAt };
      }),
    keepToken: ({ key, body, expireAt }) =>
      atEdge(async () => {
        const put = () => rows.keptTokens.replaceOne({ _id: key }, { body, expireAt }, { upsert: true });
        // Two first ones at once: the second finds the row.
        await put().catch((error: unknown) => {
          if (!isDuplicateKey(error)) throw error;
          return put();
        });
      }),
    deleteExpiredTokens: (limit) =>
      atEdge(async () => {
        const over = { expireAt: { $lte: storeNow(context) } };
        const found = await rows.keptTokens
          .find(over)
          .sort({ expireAt: 1 })
          .limit(limit)
          .project<{ _id: string }>({ _id: 1 })
          .toArray();
        if (found.length === 0) return 0;
        // One that was kept anew meanwhile stays.
        const { deletedCount } = await rows.keptTokens.deleteMany({
          _id: { $in: found.map(({ _id }) => _id) },
          ...over,
        });
        return deletedCount;
      }),
  };
}
