import { meterId, spanMs, stampGrainMs } from '../../model/meter.ts';
import { guardMs, type Limit } from '../../model/tier.ts';
import {
  add,
  and,
  bind,
  cond,
  type Expression,
  eq,
  filter,
  gt,
  gte,
  ifNull,
  lt,
  lte,
  or,
  subtract,
} from './expressions.ts';

/*
 * `src/model/meter.ts` as expressions. A meter that counts is an array of stamps (sliding) or `{startAt, used}` or null
 * (fixed). `$$now` is bound by the pipeline.
 */

const NOW = '$$now';

/** What still counts of a stored meter: live stamps, or the window that binds, or null. */
export function liveMeter(state: string, limit: Limit): Expression {
  return limit.algorithm === 'fixed'
    ? bindingWindow(state, limit)
    : liveStamps(ifNull(`${state}.stamps`, []), limit);
}

/** What still counts under `limit` of a meter that another limit of the same algorithm and window has written. */
export function liveUnder(live: string, limit: Limit): Expression {
  return limit.algorithm === 'fixed' ? bindingWindow(live, limit) : liveStamps(live, limit);
}

function bindingWindow(state: string, limit: Limit): Expression {
  return cond(gt(add(`${state}.startAt`, spanMs(limit)), NOW), state, null);
}

function liveStamps(stamps: Expression, limit: Limit): Expression {
  return filter(stamps, gt('$$this.at', subtract(NOW, spanMs(limit))));
}

/** Units left under the limit; may be below zero after a limit was lowered. */
export function freeUnits(live: string, limit: Limit): Expression {
  if (limit.algorithm === 'sliding') return subtract(limit.limit, { $sum: `${live}.n` });
  return cond(
    eq(live, null),
    limit.limit,
    cond(beforeLastGuard(live, limit), subtract(limit.limit, `${live}.used`), 0),
  );
}

function beforeLastGuard(live: string, limit: Limit): Expression {
  return lt(NOW, add(`${live}.startAt`, limit.windowMs - guardMs(limit)));
}

/** The meter after `n` (more than 0) units. */
export function countedMeter(live: string, limit: Limit, n: string | number): Expression {
  if (limit.algorithm === 'fixed')
    return { startAt: ifNull(`${live}.startAt`, NOW), used: add(ifNull(`${live}.used`, 0), n) };
  const grain = stampGrainMs(limit);
  const at: Expression = grain === 1 ? NOW : { $multiply: [{ $ceil: { $divide: [NOW, grain] } }, grain] };
  return bind(
    { at, last: { $last: live } },
    cond(
      gte('$$last.at', '$$at'),
      { $concatArrays: [withoutLast(live), [{ at: '$$last.at', n: add('$$last.n', n) }]] },
      { $concatArrays: [live, [{ at: '$$at', n }]] },
    ),
  );
}

function withoutLast(array: string): Expression {
  return { $slice: [array, subtract({ $size: array }, 1)] };
}

/**
 * When `units` can be had from a meter that counts: null when never, and a moment before now when at once.
 * The walk over the stamps carries the units that still have to leave while that is above zero, then the moment, negated,
 * of the stamp with which they have left.
 */
export function meterNextAt(live: string, limit: Limit, units: number): Expression {
  if (units > limit.limit) return null;
  if (limit.algorithm === 'fixed')
    return cond(
      or(eq(live, null), and(beforeLastGuard(live, limit), lte(`${live}.used`, limit.limit - units))),
      NOW,
      add(`${live}.startAt`, spanMs(limit)),
    );
  const left = cond(gte('$$this.n', '$$value'), subtract(0, '$$this.at'), subtract('$$value', '$$this.n'));
  const walked: Expression = {
    $reduce: {
      input: live,
      initialValue: subtract({ $sum: `${live}.n` }, limit.limit - units),
      in: cond(gt('$$value', 0), left, '$$value'),
    },
  };
  return subtract(spanMs(limit), walked);
}

/** The meters of a feature after a grant, by meter id; `counted` names each limit's. */
export function storedMeters(limits: readonly Limit[], counted: (index: number) => string): Expression {
  const stored: Record<string, Expression> = {};
  for (const [i, limit] of limits.entries())
    stored[meterId(limit)] = limit.algorithm === 'fixed' ? counted(i) : { stamps: counted(i) };
  return stored;
}
