import { meterId, type Stamp } from '../../model/meter.ts';
import type { TakeRequest, Took } from '../../model/take.ts';
import type { Limit } from '../../model/tier.ts';
import { add, bind, type Expression, literal, map, max } from './expressions.ts';
import type { StateDocument } from './key-document.ts';
import * as meter from './meter-expressions.ts';
import type { UpdatePipeline } from './take-pipeline.ts';

/*
 * Most takes find a key with room for all that is asked and more. A server spends most of a take on parsing its pipeline,
 * so such a take is sent as a short one, on the condition that the row still is as it was read; the shortest is no pipeline
 * at all (`direct-take.ts`). What it finds otherwise goes the general way.
 */

/** What the stamps of a meter come to, those that count no more too, and how they end. */
export interface Stamped {
  readonly units: number;
  readonly count: number;
  readonly last?: Stamp | null;
}

/** A row as a candidate read shows it. */
export type ReadRow = Pick<StateDocument, 'expireAt' | 'takenAt'> & {
  /** By meter id. */
  readonly stamped?: Readonly<Record<string, Stamped>>;
  /** Left out where it was read from the queue of parked keys. */
  readonly ready?: StateDocument['ready'];
  readonly open: readonly { readonly take: string }[];
  readonly budgets: readonly Pick<
    StateDocument['budgets'][number],
    'limit' | 'windowMs' | 'used' | 'epoch'
  >[];
  readonly version: number;
  readonly turn?: string;
  readonly took?: Pick<Took, 'take' | 'at'>;
  readonly takenBy?: string;
  readonly smart?: true;
};

/** What a short take relies on: it holds for up to `units` units as long as the row was not written since it was read. */
export interface Room {
  readonly units: number;
  readonly row: ReadRow;
  /** Where it stands in the queue. */
  readonly rank: number;
  /** Of each of the feature's limits. */
  readonly stamped: readonly Stamped[];
}

/** A key that expires later than this cannot have expired by any node's clock, in ms. */
const EXPIRES_LATER_MS = 600_000;

/**
 * The room of a row for draws of a feature; null where anything but sliding limits and lifetime budgets could matter.
 * All stamps are counted, whatever the time; after a grant of so many units as many again as one draw's are left.
 * `now`: the store's moment as known here (ms).
 */
export function roomOf(
  row: ReadRow,
  { limits, queue, units }: Pick<TakeRequest, 'limits' | 'queue' | 'units'>,
  now: number,
): Room | null {
  const rank = row.ready?.[queue];
  if (rank === undefined || new Set(limits.map(meterId)).size < limits.length) return null;
  if (limits.some(({ algorithm }) => algorithm !== 'sliding')) return null;
  if (row.budgets.some(({ windowMs }) => windowMs !== null)) return null;
  if (row.expireAt !== null && row.expireAt < now + EXPIRES_LATER_MS) return null;
  const stamped = limits.flatMap((limit) => row.stamped?.[meterId(limit)] ?? []);
  // It was read for the limits of another revision.
  if (stamped.length < limits.length) return null;
  const free = [
    ...limits.map((limit, i) => limit.limit - (stamped[i]?.units ?? 0)),
    ...row.budgets.map(({ limit, used }) => limit - used),
  ];
  return { units: Math.min(...free) - units, row, rank, stamped };
}

/**
 * Whether a take may be sent as a short one. Entries of open takes must all be settled: they leave with it, where there
 * are budgets still.
 */
export function fitsRoom({ units, row: { open, budgets } }: Room, request: TakeRequest): boolean {
  return (
    request.charge === 'all' &&
    request.units * request.count <= units &&
    (budgets.length > 0 ? request.openMs > 0 : open.length === 0) &&
    open.every(({ take }) => request.settled.includes(take))
  );
}

/** The conditions on a row for which {@link roomyPipeline} holds. */
export function roomyFilter(
  { row, rank }: Room,
  { revision, queue }: Pick<TakeRequest, 'revision' | 'queue'>,
): object {
  const { expireAt, version, turn, took, open, budgets } = row;
  return {
    state: 'active',
    expireAt,
    version,
    // Reports count units that no take did.
    turn: turn ?? { $exists: false },
    revision: { $lte: revision },
    [`ready.${queue}`]: rank,
    'took.take': took?.take ?? { $exists: false },
    // A settlement that was read and then rolled back leaves an entry that was not read, and units still counted.
    ...(budgets.length > 0 ? { open: amongTakes(open.map(({ take }) => take)) } : {}),
  };
}

/** A list of open takes that has none but these. */
function amongTakes(takes: readonly string[]): object {
  return takes.length === 0 ? [] : { $not: { $elemMatch: { take: { $nin: takes } } } };
}

/** `takeFromKey` (src/model/take.ts) for a row with room: all that is asked is granted, and the key stays ready. */
export function roomyPipeline({ row }: Room, request: TakeRequest, storeNow: Expression): UpdatePipeline {
  const { feature, queue, rank, revision, limits } = request;
  const n = request.units * request.count;
  const now = max(storeNow, '$takenAt');
  const took = { take: literal(request.take), reason: 'granted', granted: n, at: now, nextAt: now };
  return [
    {
      $set: {
        revision,
        takenAt: now,
        [`meters.${feature}`]: limits.length === 0 ? literal({}) : countedMeters(feature, limits, n, now),
        [`lastRank.${queue}`]: rank,
        [`ready.${queue}`]: rank,
        took,
        ...(row.budgets.length > 0 ? budgetFields(request, n, now) : {}),
      },
    },
  ];
}

function countedMeters(feature: string, limits: readonly Limit[], n: number, now: Expression): Expression {
  const meters = limits.map((limit): [string, Expression] => {
    const live = meter.liveMeter(`$meters.${feature}.${meterId(limit)}`, limit);
    return [meterId(limit), { stamps: bind({ l: live }, meter.countedMeter('$$l', limit, n)) }];
  });
  return bind({ now }, Object.fromEntries(meters));
}

function budgetFields(request: TakeRequest, n: number, now: Expression): Record<string, Expression> {
  const end = add(now, request.openMs);
  const entry = { take: literal(request.take), n, units: request.units, end, epochs: '$budgets.epoch' };
  return {
    budgets: map('$budgets', { $mergeObjects: ['$$this', { used: add('$$this.used', n) }] }),
    open: [entry],
    openEnd: end,
  };
}
