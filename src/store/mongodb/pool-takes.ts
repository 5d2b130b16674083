import { MongoError } from 'mongodb';
import { setBounded } from '../../model/bounded-map.ts';
import type { CreditPool } from '../../model/credit.ts';
import { type MeterStates, meterId } from '../../model/meter.ts';
import type { Limit } from '../../model/tier.ts';
import type { MongoContext } from './context.ts';
import {
  type CreditPoolDocument,
  chargePipeline,
  type PoolTake,
  type PoolTakeRequest,
  refundFilter,
  refundPipeline,
} from './credit-pipeline.ts';
import { isDuplicateKey } from './driver-errors.ts';
import { CONFIRMED_READ, wasGivenUp } from './send-take.ts';
import { STORE_NOW } from './take-pipeline.ts';

/** What came of a take; `unknown`: it may have happened, or still happen; `expired`: it has not, and will not. */
export type PoolReply =
  | { readonly kind: 'took'; readonly row: PoolRow; readonly took: PoolTake }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown' };

/** What comes back of a pool's row. */
export type PoolRow = Pick<CreditPoolDocument, 'meter' | 'took' | 'takes'>;

/** What a pool has counted, as its row shows it. */
export function metersOf(row: PoolRow | null, limit: Limit): MeterStates {
  return { [meterId(limit)]: { stamps: row?.meter.stamps ?? [] } };
}

/** What is read of a pool's row. */
export const POOL_PROJECTION = { meter: 1, took: 1, takes: 1 } as const;
/** How long the server may try, in ms. */
export const TAKE_MAX_MS = 1000;

/** Takes from one pool. */
export async function takeFromPool(
  context: MongoContext,
  pool: CreditPool,
  request: PoolTakeRequest,
): Promise<PoolReply> {
  const attempt = () =>
    context.rows.creditPools.findOneAndUpdate({ _id: pool.id }, chargePipeline(request, STORE_NOW), {
      upsert: true,
      returnDocument: 'after',
      projection: POOL_PROJECTION,
      maxTimeMS: TAKE_MAX_MS,
    });
  try {
    // Two first takes at once: the second finds the row.
    const row = await attempt().catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
      return attempt();
    });
    return row === null ? { kind: 'unknown' } : { kind: 'took', row, took: row.took };
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    if (wasGivenUp(error)) return { kind: 'expired' };
    return lookUp(context, pool.id, request.take);
  }
}

/** The reply was lost: the row tells of the take, once a majority has it. */
async function lookUp(context: MongoContext, id: string, take: string): Promise<PoolReply> {
  try {
    const row = await readPool(context, id);
    const took = row?.takes.find((candidate) => candidate.take === take);
    if (row !== null && took !== undefined) return { kind: 'took', row, took };
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
  }
  return { kind: 'unknown' };
}

/** A pool's row as a majority has it; null when it counts nothing. */
export function readPool({ rows }: MongoContext, id: string): Promise<PoolRow | null> {
  return rows.creditPools.findOne({ _id: id }, { projection: POOL_PROJECTION, ...CONFIRMED_READ });
}

/** Gives credits of a take back. Where that fails they leave with their window. */
export async function refundPool(
  { rows }: MongoContext,
  pool: CreditPool,
  { take, stamp }: PoolTake,
  credits: number,
): Promise<void> {
  if (stamp === null || credits === 0) return;
  await rows.creditPools
    .updateOne(refundFilter(pool, take), refundPipeline(take, stamp, credits))
    .catch((error: unknown) => {
      if (!(error instanceof MongoError)) throw error;
    });
}

/** A row as {@link refundPool} leaves it. */
export function withoutCredits(row: PoolRow, { stamp }: PoolTake, credits: number): PoolRow {
  const stamps = row.meter.stamps
    .map((kept) => (kept.at === stamp ? { at: kept.at, n: kept.n - credits } : kept))
    .filter(({ n }) => n > 0);
  return { ...row, meter: { stamps } };
}

/** Takes of this process that nobody will look up any more, until a row was told. */
export interface FinishedTakes {
  readonly add: (poolId: string, take: string) => void;
  /** Those to tell a row with the next take from it. */
  readonly of: (poolId: string) => readonly string[];
  readonly told: (poolId: string, takes: readonly string[]) => void;
}

const POOLS_MAX = 20_000;
const OF_POOL_MAX = 16;

export function createFinishedTakes(): FinishedTakes {
  const finished = new Map<string, readonly string[]>();
  const of = (poolId: string): readonly string[] => finished.get(poolId) ?? [];
  return {
    of,
    add: (poolId, take) => setBounded(finished, POOLS_MAX, poolId, [...of(poolId), take].slice(-OF_POOL_MAX)),
    told: (poolId, takes) => {
      const left = of(poolId).filter((take) => !takes.includes(take));
      setBounded(finished, POOLS_MAX, poolId, left);
    },
  };
}
