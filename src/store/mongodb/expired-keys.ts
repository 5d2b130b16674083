import { type MongoContext, storeNow } from './context.ts';
import { literal } from './expressions.ts';
import { placePipeline } from './job-pipeline.ts';
import { NOWHERE } from './place-expressions.ts';
import { putBackSmart } from './place-keys.ts';
import type { KeyName } from './send-take.ts';
import { STORE_NOW } from './take-pipeline.ts';
import { fromTierDocument } from './tiers.ts';

const park = (turn: string) => [
  {
    $set: { ready: NOWHERE, due: NOWHERE, outExpired: '$expireAt', parkAt: '$$REMOVE', turn: literal(turn) },
  },
];

/**
 * Takes expired keys out of their queues, and puts back those that are out since the clock was ahead, and have not
 * expired. Returns how many rows it changed; it looks at `limit` at most.
 */
export async function parkExpiredKeys(context: MongoContext, limit: number): Promise<number> {
  const { keys } = context.rows;
  const expired = { parkAt: { $lte: storeNow(context) } };
  const found = await keys
    .find(expired)
    .project<{ _id: string }>({ _id: 1 })
    .sort({ parkAt: 1 })
    .limit(limit)
    .toArray();
  // An edit may have given it more time since.
  const stillExpired = { ...expired, _id: { $in: found.map(({ _id }) => _id) } };
  const out =
    found.length === 0
      ? 0
      : (await keys.updateMany(stillExpired, park(context.options.newId()))).modifiedCount;
  const left = limit - found.length;
  return left === 0 ? out : out + (await putBack(context, left));
}

/** Notes of a key that a draw found expired at the store's moment `at` (ms), and put out, that it may come back. */
export async function noteExpired({ rows, options }: MongoContext, key: KeyName, at: number): Promise<void> {
  const filter = { _id: key.keyId, tierId: key.tierId, expireAt: { $lte: at }, parkAt: { $exists: true } };
  await rows.keys.updateOne({ ...filter, ready: {}, due: {} }, park(options.newId()));
}

async function putBack(context: MongoContext, limit: number): Promise<number> {
  const { keys, tiers } = context.rows;
  const tooSoon = { outExpired: { $gt: storeNow(context) } };
  const found = await keys
    .find(tooSoon)
    .project<{ _id: string; tierId: string; smart?: true }>({ tierId: 1, smart: 1 })
    .sort({ outExpired: 1 })
    .limit(limit)
    .toArray();
  let back = 0;
  for (const [tierId, rows] of Map.groupBy(found, (row) => row.tierId)) {
    const tier = await tiers.findOne({ _id: tierId });
    if (tier === null) continue;
    const { modifiedCount } = await keys.updateMany(
      // A row placed by a newer revision has queues that are not known here yet.
      {
        ...tooSoon,
        tierId,
        smart: { $exists: false },
        placed: { $lte: tier.revision },
        _id: { $in: rows.map(({ _id }) => _id) },
      },
      [
        ...placePipeline(fromTierDocument(tier), [], STORE_NOW, context.options.newId()),
        { $set: { outExpired: '$$REMOVE', parkAt: '$expireAt' } },
      ],
    );
    const smart = rows.filter((row) => row.smart === true).map(({ _id }) => _id);
    back += modifiedCount + (await putBackSmart(context, fromTierDocument(tier), smart));
  }
  return back;
}
