import { MongoBulkWriteError, MongoError } from 'mongodb';
import type { CreditPool } from '../../model/credit.ts';
import type { MongoContext } from './context.ts';
import { chargePipeline, type PoolTakeRequest } from './credit-pipeline.ts';
import { DUPLICATE_KEY } from './driver-errors.ts';
import { POOL_PROJECTION, type PoolReply, type PoolRow, TAKE_MAX_MS, takeFromPool } from './pool-takes.ts';
import { CONFIRMED_READ, wasGivenUp } from './send-take.ts';
import { STORE_NOW } from './take-pipeline.ts';

/** What is asked of one pool. */
export interface AskedPool {
  readonly pool: CreditPool;
  readonly request: PoolTakeRequest;
}

/** So few takes are sent each on its own: each answers for itself, and needs no look. */
const SINGLE_MAX = 4;

/**
 * Takes from several pools at once; replies in their order. Many go together, as one command with one wait for a
 * majority; a look at the rows afterwards tells what came of each.
 */
export async function takeFromPools(
  context: MongoContext,
  asked: readonly AskedPool[],
): Promise<readonly PoolReply[]> {
  const single = ({ pool, request }: AskedPool): Promise<PoolReply> => takeFromPool(context, pool, request);
  if (asked.length <= SINGLE_MAX) return Promise.all(asked.map(single));
  const { failure, refused } = await write(context, asked);
  const rows = await look(context, asked, failure);
  return Promise.all(
    asked.map((one, i): PoolReply | Promise<PoolReply> => {
      const { pool, request } = one;
      const row = rows?.get(pool.id);
      const took = row?.takes.find(({ take }) => take === request.take);
      if (row !== undefined && took !== undefined) return { kind: 'took', row, took };
      // Two first takes at once: the second finds the row.
      if (refused.has(i)) return single(one);
      // Of those that were given up together, some may have been carried out.
      return { kind: rows !== null && failure !== null && wasGivenUp(failure) ? 'expired' : 'unknown' };
    }),
  );
}

interface Outcome {
  readonly failure: MongoError | null;
  /** Indexes of takes that were not carried out because another made the row meanwhile. */
  readonly refused: ReadonlySet<number>;
}

async function write({ rows }: MongoContext, asked: readonly AskedPool[]): Promise<Outcome> {
  try {
    await rows.creditPools.bulkWrite(
      asked.map(({ pool, request }) => ({
        updateOne: {
          filter: { _id: pool.id },
          update: chargePipeline(request, STORE_NOW),
          upsert: true,
          hint: { _id: 1 },
        },
      })),
      { ordered: false, maxTimeMS: TAKE_MAX_MS },
    );
    return { failure: null, refused: new Set() };
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
    const duplicates = failures.filter(({ code }) => code === DUPLICATE_KEY);
    return { failure: error, refused: new Set(duplicates.map(({ index }) => index)) };
  }
}

/** The rows as they are now; null where they cannot be read. After a failure, as a majority has them. */
async function look(
  { rows }: MongoContext,
  asked: readonly AskedPool[],
  failure: MongoError | null,
): Promise<ReadonlyMap<string, PoolRow> | null> {
  const ids = asked.map(({ pool }) => pool.id);
  try {
    const found = await rows.creditPools
      .find({ _id: { $in: ids } }, failure === null ? {} : CONFIRMED_READ)
      .project<PoolRow & { readonly _id: string }>(POOL_PROJECTION)
      .hint({ _id: 1 })
      .batchSize(ids.length + 1)
      .toArray();
    return new Map(found.map((row) => [row._id, row]));
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return null;
  }
}
