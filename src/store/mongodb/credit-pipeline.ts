import type { ChargeRun, CreditPool } from '../../model/credit.ts';
import { type Stamp, spanMs } from '../../model/meter.ts';
import type { Limit } from '../../model/tier.ts';
import {
  add,
  bind,
  cond,
  type Expression,
  eq,
  filter,
  gt,
  ifNull,
  literal,
  map,
  max,
  min,
  subtract,
} from './expressions.ts';
import { countedMeter, freeUnits, liveMeter } from './meter-expressions.ts';
import type { UpdatePipeline } from './take-pipeline.ts';

/** One take from a pool for all charges of a round. */
export interface PoolTake {
  readonly take: string;
  /** The store's moment of it, in ms. */
  readonly at: number;
  /** How many of each run were granted. */
  readonly granted: readonly number[];
  /** The moment of the stamp that counts what was granted; null where nothing was. */
  readonly stamp: number | null;
  /** Credits that were given back. */
  readonly back?: number;
}

/** A pool's row. */
export interface CreditPoolDocument {
  readonly _id: string;
  readonly meter: { readonly stamps: readonly Stamp[] };
  /** The store's moment of the last take, in ms. */
  readonly at: number;
  readonly took: PoolTake;
  /** The last take, and those before it that may have to be looked up; newest first. */
  readonly takes: readonly PoolTake[];
  /** When it counts nothing any more, and some time later. */
  readonly expireAt: Date;
}

export interface PoolTakeRequest {
  readonly take: string;
  readonly limit: Limit;
  readonly runs: readonly ChargeRun[];
  /** Takes that nobody will look up any more. */
  readonly settled: readonly string[];
}

/** Takes that a row tells of; the oldest go first. */
const TAKES_MAX = 64;
/** How coarse the moment is at which a row expires, in ms: its index is seldom written then. */
const EXPIRY_GRAIN_MS = 600_000;

/** How many of each run are granted, `g`, and the credits left after them, `f`: `chargeRuns` of src/model/credit.ts. */
function grantRuns(free: Expression, runs: readonly ChargeRun[]): Expression {
  // `q`: what is granted whatever is left; `d`: what the rest is divided by, never 0.
  const input = runs.map(({ cost, count }) => ({
    c: cost,
    d: Math.max(1, cost),
    n: count,
    q: cost === 0 ? count : 0,
  }));
  const fitting: Expression = { $floor: { $divide: ['$$value.f', '$$this.d'] } };
  return {
    $reduce: {
      input: literal(input),
      initialValue: { f: free, g: [] },
      in: bind(
        { k: min('$$this.n', max('$$this.q', fitting)) },
        {
          f: subtract('$$value.f', { $multiply: ['$$k', '$$this.c'] }),
          g: { $concatArrays: ['$$value.g', ['$$k']] },
        },
      ),
    },
  };
}

function expiry(limit: Limit): Expression {
  const grains: Expression = { $ceil: { $divide: [add('$t.now', spanMs(limit)), EXPIRY_GRAIN_MS] } };
  return { $toDate: { $toLong: { $multiply: [grains, EXPIRY_GRAIN_MS] } } };
}

/**
 * `chargeRuns` of src/model/credit.ts as one update of a pool's row, which may be a new one; what came of it stands in
 * `took`. `storeNow` is the moment by the store, in ms.
 */
export function chargePipeline(request: PoolTakeRequest, storeNow: Expression): UpdatePipeline {
  const { take, limit, runs, settled } = request;
  const counted = cond(gt('$$n', 0), countedMeter('$$l', limit, '$$n'), '$$l');
  const entry = {
    take: literal(take),
    at: '$$now',
    granted: '$$d.g',
    stamp: cond(gt('$$n', 0), { $last: '$$c.at' }, null),
  };
  const decided = bind(
    { now: max(storeNow, '$at') },
    bind(
      { l: liveMeter('$meter', limit) },
      bind(
        { free: max(0, freeUnits('$$l', limit)) },
        bind(
          { d: grantRuns('$$free', runs) },
          bind({ n: subtract('$$free', '$$d.f') }, bind({ c: counted }, { now: '$$now', c: '$$c', entry })),
        ),
      ),
    ),
  );
  const kept = filter(ifNull('$takes', []), {
    $and: [
      gt('$$this.at', subtract('$t.now', spanMs(limit))),
      { $not: { $in: ['$$this.take', literal(settled)] } },
    ],
  });
  return [
    { $set: { t: decided } },
    {
      $set: {
        'meter.stamps': '$t.c',
        at: '$t.now',
        took: '$t.entry',
        takes: { $slice: [{ $concatArrays: [['$t.entry'], kept] }, TAKES_MAX] },
        expireAt: expiry(limit),
        t: '$$REMOVE',
      },
    },
  ];
}

/** Which row a {@link refundPipeline} may be applied to: once for each take. */
export function refundFilter(pool: Pick<CreditPool, 'id'>, take: string): object {
  return { _id: pool.id, takes: { $elemMatch: { take, back: { $exists: false } } } };
}

/** Gives credits of a take back that no answer was given for; `stamp` and `take` as in its {@link PoolTake}. */
export function refundPipeline(take: string, stamp: number, credits: number): UpdatePipeline {
  const less = { at: '$$this.at', n: subtract('$$this.n', credits) };
  return [
    {
      $set: {
        'meter.stamps': filter(
          map('$meter.stamps', cond(eq('$$this.at', stamp), less, '$$this')),
          gt('$$this.n', 0),
        ),
        takes: map(
          '$takes',
          cond(eq('$$this.take', literal(take)), { $mergeObjects: ['$$this', { back: credits }] }, '$$this'),
        ),
      },
    },
  ];
}
