import { meterId, spanMs, stampAt, stampGrainMs } from '../../model/meter.ts';
import type { TakeRequest } from '../../model/take.ts';
import type { Limit } from '../../model/tier.ts';
import { EARLIER_MAX } from './earlier-takes.ts';
import { type Room, roomyFilter } from './roomy-take.ts';
import type { StoreClock } from './store-clock.ts';

/*
 * A direct take: where a row has room, what the take makes of it is known here, and it is an update with operators, which
 * costs a server half of what the shortest pipeline does. Its moment is the store's as known here. The server carries it out
 * only where its own time has come to that moment and is not beyond the stamps in which its units count: none counts as
 * taken before it was.
 */

/** For how long from now on the server may carry a take out, in ms: where less is left of a stamp it would often be too late. */
const LIFE_MS = 50;
const LEFT_MIN_MS = 20;
/** Stamps that count no more may be so many in a meter: a pipeline takes them off, this does not. */
const SPENT_STAMPS_MAX = 16;
/** Takes in a row that the server refused, after which it is believed to be far, or to have another time. */
const REFUSED_MAX = 8;
/** How long pipelines are sent then, in ms: by the end of it the server's time was asked for anew. */
const PAUSE_MS = 1000;

/** When a take is made, by the store, in ms: at `at`; the server may carry it out until `by`. */
export interface DirectMoment {
  readonly at: number;
  readonly by: number;
}

/** The store's time as known here, in ms. */
type KnownTime = Pick<StoreClock, 'nowMs' | 'uncertainMs'>;

/** When takes are direct. */
export interface DirectTakes {
  /** The moment of a take from this room; null where a pipeline is to tell it. */
  readonly momentOf: (room: Room, limits: readonly Limit[]) => DirectMoment | null;
  /** How many of those that were sent together the server carried out, and how many not. */
  readonly answered: (made: number, refused: number) => void;
}

export function createDirectTakes(monotonicMs: () => number, { nowMs, uncertainMs }: KnownTime): DirectTakes {
  let notBefore = Number.NEGATIVE_INFINITY;
  let refusedInARow = 0;
  return {
    momentOf: (room, limits) => {
      if (monotonicMs() < notBefore || !staysShort(room, limits)) return null;
      const [now, uncertain] = [nowMs(), uncertainMs()];
      const { takenAt } = room.row;
      // Not before the row's last take, nor after the server's time.
      const at = Math.max(Math.floor(now - uncertain), takenAt);
      const by = Math.min(Math.floor(now) + LIFE_MS, ...limits.map((limit) => stampAt(limit, at)));
      // The way to the server takes up to twice what its time is uncertain by.
      const isValid = takenAt <= now && by - now >= Math.max(LEFT_MIN_MS, 4 * uncertain);
      return isValid ? { at, by } : null;
    },
    answered: (made, refused) => {
      refusedInARow = made > 0 ? 0 : refusedInARow + refused;
      if (refusedInARow < REFUSED_MAX) return;
      refusedInARow = 0;
      notBefore = monotonicMs() + PAUSE_MS;
    },
  };
}

/** False where stamps that count no more should leave: there are many, or they may soon make the room look spent. */
function staysShort({ stamped }: Room, limits: readonly Limit[]): boolean {
  return limits.every((limit, i) => {
    const { units, count } = stamped[i] ?? { units: 0, count: 0 };
    const live = Math.ceil(spanMs(limit) / stampGrainMs(limit)) + 1;
    return count < live + SPENT_STAMPS_MAX && 2 * units <= limit.limit;
  });
}

/** An update with operators. */
interface DirectUpdate {
  readonly $set: Readonly<Record<string, unknown>>;
  readonly $inc?: Readonly<Record<string, number>>;
  readonly $push?: Readonly<Record<string, object>>;
}

/** The stamp of each limit in which a take counts: `index` of one that is there, null for a new one. */
function stampsOf({ stamped }: Room, { limits, feature }: TakeRequest, { at }: DirectMoment) {
  return limits.map((limit, i) => {
    const own = stampAt(limit, at);
    const { count, last = null } = stamped[i] ?? { count: 0 };
    const path = `meters.${feature}.${meterId(limit)}.stamps`;
    return last !== null && last.at >= own
      ? { path, index: count - 1, at: last.at }
      : { path, index: null, at: own };
  });
}

/** The conditions on a row for which {@link directUpdate} holds. */
export function directFilter(room: Room, request: TakeRequest, moment: DirectMoment): object {
  const { at, by } = moment;
  const counted = stampsOf(room, request, moment).filter(({ index }) => index !== null);
  return {
    ...roomyFilter(room, request),
    takenAt: { $lte: at },
    ...Object.fromEntries(counted.map(({ path, index, at: stamp }) => [`${path}.${index}.at`, stamp])),
    $expr: { $and: [{ $gte: ['$$NOW', new Date(at)] }, { $lte: ['$$NOW', new Date(by)] }] },
  };
}

/**
 * `takeFromKey` (src/model/take.ts) for a row with room, but that stamps that count no more stay, and meters of limits that
 * the feature has no more: the next pipeline takes them off. `by`, `shared`: as for all takes (`take-form.ts`).
 */
export function directUpdate(
  room: Room,
  request: TakeRequest,
  moment: DirectMoment,
  { by, shared }: { readonly by: string; readonly shared: boolean },
): DirectUpdate {
  const { at } = moment;
  const { feature, queue, rank, revision, limits, take, units, openMs } = request;
  const { budgets, took } = room.row;
  const n = units * request.count;
  const counts: Record<string, number> = {};
  const pushes: Record<string, object> = {};
  for (const { path, index, at: stamp } of stampsOf(room, request, moment))
    if (index === null) pushes[path] = { at: stamp, n };
    else counts[`${path}.${index}.n`] = n;
  for (const i of budgets.keys()) counts[`budgets.${i}.used`] = n;
  if (shared && took !== undefined) pushes.earlier = { $each: [took], $position: 0, $slice: EARLIER_MAX };
  const end = at + openMs;
  const epochs = budgets.map(({ epoch }) => epoch);
  return {
    $set: {
      revision,
      takenAt: at,
      ...(limits.length === 0 ? { [`meters.${feature}`]: {} } : {}),
      [`lastRank.${queue}`]: rank,
      [`ready.${queue}`]: rank,
      took: { take, reason: 'granted', granted: n, at, nextAt: at },
      ...(budgets.length > 0 ? { open: [{ take, n, units, end, epochs }], openEnd: end } : {}),
      takenBy: by,
    },
    ...(Object.keys(counts).length > 0 ? { $inc: counts } : {}),
    ...(Object.keys(pushes).length > 0 ? { $push: pushes } : {}),
  };
}
