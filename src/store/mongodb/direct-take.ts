import { meterId, stampGrainMs } from '../../model/meter.ts';
import type { TakeRequest } from '../../model/take.ts';
import { guardMs, type Limit } from '../../model/tier.ts';
import { EARLIER_MAX } from './earlier-takes.ts';
import { type Room, roomyFilter } from './roomy-take.ts';

/*
 * A take of a row with room, worked out here: an update with operators, which costs a server half of what the shortest
 * pipeline does. Its units count from a moment somewhat later than the store's as known here, so that none counts as taken
 * before it was: the server carries it out only where its own time is not beyond that moment, nor far before it.
 */

/**
 * How much later that is, in ms: no more than a sixtieth of each window, as units count that much longer, nor than its
 * guard; less is not worth trying, since the server would often have passed it.
 */
const MARGIN_MS = { least: 20, most: 50 } as const;
const MARGINS_PER_WINDOW = 60;
/** Stamps of one meter in a row: a pipeline takes those off that count no more, this does not. */
const STAMPS_MAX = 64;
/** How long pipelines are sent after one that came too late, in ms. */
const PAUSE_MS = 1000;

/** When a take is made, in ms. */
export interface DirectMoment {
  /** What it tells: the store's moment as known here, and not before the row's last take. */
  readonly at: number;
  /** By when its units count, and the server has to carry it out. */
  readonly countedAt: number;
}

/** When takes are worked out here. */
export interface DirectTakes {
  /** The moment of a take from this room; null where a pipeline is to work it out. `now`: the store's as known here (ms). */
  readonly momentOf: (room: Room, limits: readonly Limit[], now: number) => DirectMoment | null;
  /** The server did not carry one out, and it is `now` there as known here (ms). */
  readonly unmet: (moment: DirectMoment, now: number) => void;
}

/** `tripMs`: how long a question to the server and its answer took lately. */
export function createDirectTakes(monotonicMs: () => number, tripMs: () => number): DirectTakes {
  let notBefore = Number.NEGATIVE_INFINITY;
  return {
    momentOf: (room, limits, now) => {
      const marginMs = marginOf(limits);
      if (marginMs < Math.max(MARGIN_MS.least, 2 * tripMs()) || monotonicMs() < notBefore) return null;
      const [at, countedAt] = [Math.max(now, room.row.takenAt), now + marginMs];
      return at <= countedAt && staysShort(room, limits) ? { at, countedAt } : null;
    },
    unmet: ({ countedAt }, now) => {
      if (now > countedAt) notBefore = monotonicMs() + PAUSE_MS;
    },
  };
}

function marginOf(limits: readonly Limit[]): number {
  const most = limits.map((limit) =>
    Math.min(Math.floor(limit.windowMs / MARGINS_PER_WINDOW), guardMs(limit)),
  );
  return Math.min(MARGIN_MS.most, ...most);
}

/** False where stamps that count no more should leave: there are many, or they may soon make the room look spent. */
function staysShort({ stamped }: Room, limits: readonly Limit[]): boolean {
  return limits.every(({ limit }, i) => {
    const { units, count } = stamped[i] ?? { units: 0, count: 0 };
    return count < STAMPS_MAX && 2 * units <= limit;
  });
}

/** An update with operators. */
interface DirectUpdate {
  readonly $set: Readonly<Record<string, unknown>>;
  readonly $inc?: Readonly<Record<string, number>>;
  readonly $push?: Readonly<Record<string, object>>;
}

/** The stamp of each limit in which a take counts: `index` of one that is there, null for a new one. */
function stampsOf({ stamped }: Room, { limits, feature }: TakeRequest, { countedAt }: DirectMoment) {
  return limits.map((limit, i) => {
    const grain = stampGrainMs(limit);
    const stampAt = Math.ceil(countedAt / grain) * grain;
    const { count, last = null } = stamped[i] ?? { count: 0 };
    const path = `meters.${feature}.${meterId(limit)}.stamps`;
    return last !== null && last.at >= stampAt
      ? { path, index: count - 1, at: last.at }
      : { path, index: null, at: stampAt };
  });
}

/** The conditions on a row for which {@link directUpdate} holds. */
export function directFilter(room: Room, request: TakeRequest, moment: DirectMoment): object {
  const { at, countedAt } = moment;
  const counted = stampsOf(room, request, moment).filter(({ index }) => index !== null);
  const earliest = at - marginOf(request.limits);
  return {
    ...roomyFilter(room, request),
    turn: room.row.turn ?? { $exists: false },
    takenAt: { $lte: at },
    ...Object.fromEntries(counted.map(({ path, index, at: stampAt }) => [`${path}.${index}.at`, stampAt])),
    $expr: { $and: [{ $lte: ['$$NOW', new Date(countedAt)] }, { $gte: ['$$NOW', new Date(earliest)] }] },
  };
}

/**
 * `takeFromKey` (src/model/take.ts) for a row with room; stamps that count no more stay. `by`, `shared`: as for all takes
 * (`take-form.ts`).
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
  for (const { path, index, at: stampAt } of stampsOf(room, request, moment))
    if (index === null) pushes[path] = { at: stampAt, n };
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
