import { meterId } from '../../model/meter.ts';
import type { TakeRequest } from '../../model/take.ts';
import * as budget from './budget-expressions.ts';
import {
  add,
  bind,
  cond,
  type Expression,
  eq,
  gt,
  isSet,
  literal,
  lte,
  max,
  min,
  ne,
  or,
} from './expressions.ts';
import * as meter from './meter-expressions.ts';

/**
 * What a take's filter makes sure of, so that its pipeline need not: `plain`, a usable key that never expires, without
 * budgets and open takes; `budgeted`, the same with or without them; `any`, nothing. A server parses the pipeline with
 * each take, which costs it more than running it: the least is sent, and more when the filter did not match.
 */
export type RowShape = 'plain' | 'budgeted' | 'any';

const live = (i: number) => `$$l${i}`;
const counted = (i: number) => `$$c${i}`;

/** Binds one name per limit. */
function perLimit(
  request: TakeRequest,
  name: string,
  expression: (i: number) => Expression,
): Record<string, Expression> {
  return Object.fromEntries(request.limits.map((_, i) => [`${name}${i}`, expression(i)]));
}

/**
 * All that a take works out from the row as it was: `now`; `g` units granted, `y` whether any; `c0`… the meters after it;
 * `at` and `next`, when one unit and when all can next be had (`next` is left out where it is the same). With budgets:
 * `b`, `p` budgets and open takes after it, `spent`, and `w`, when the budgets have a unit. In any shape: `ok`, or why not.
 */
export function decide(request: TakeRequest, shape: RowShape, storeNow: Expression): Expression {
  const read: Record<string, Expression> = perLimit(request, 'l', (i) => readMeter(request, i));
  if (shape === 'any') read.ok = usability(request);
  if (shape !== 'plain') read.o = budget.withoutSettled('$open', request.settled);
  const results: Record<string, Expression> = { now: '$$now', g: '$$g', y: gt('$$g', 0) };
  if (shape === 'any') results.ok = '$$ok';
  for (const i of request.limits.keys()) results[`c${i}`] = counted(i);
  const inside = shape === 'plain' ? meterResults(request, results) : budgetResults(request, results);
  const afterwards = bind(
    perLimit(request, 'c', (i) => count(request, i)),
    inside,
  );
  return bind(
    { now: max(storeNow, '$takenAt') },
    bind(read, bind({ g: granted(request, shape) }, afterwards)),
  );
}

function usability(request: TakeRequest): Expression {
  const expired = { $and: [isSet('$expireAt'), lte('$expireAt', '$$now')] };
  return cond(
    gt('$revision', request.revision),
    'stale',
    cond(or(ne('$state', 'active'), expired), 'unusable', 'ok'),
  );
}

function readMeter(request: TakeRequest, i: number): Expression {
  const limit = limitAt(request, i);
  return meter.liveMeter(`$meters.${request.feature}.${meterId(limit)}`, limit);
}

/** Limits of one algorithm and window share a meter, which the last of them writes. */
function count(request: TakeRequest, i: number): Expression {
  const limit = limitAt(request, i);
  const writer = request.limits.findLastIndex((other) => meterId(other) === meterId(limit));
  const after = meter.countedMeter(live(writer), limitAt(request, writer), '$$g');
  const seen = writer === i ? after : bind({ w: after }, meter.liveUnder('$$w', limit));
  return cond(gt('$$g', 0), seen, live(i));
}

function limitAt(request: TakeRequest, i: number) {
  const limit = request.limits[i];
  if (limit === undefined) throw new Error(`no limit ${i}`);
  return limit;
}

function granted(request: TakeRequest, shape: RowShape): Expression {
  const free = request.limits.map((limit, i) => meter.freeUnits(live(i), limit));
  // Null without budgets, and then passed over.
  if (shape !== 'plain' && request.charge === 'all') free.push(budget.leastFree('$budgets'), slotFree());
  const units = max(0, min(request.units * request.count, ...free));
  const whole: Expression =
    request.units === 1
      ? units
      : { $multiply: [{ $floor: { $divide: [units, request.units] } }, request.units] };
  return shape === 'any' ? cond(eq('$$ok', 'ok'), whole, 0) : whole;
}

/** Nothing is granted when the open takes are full; null otherwise. */
function slotFree(): Expression {
  return cond({ $and: [budget.openTakesFull('$$o'), ne('$budgets', [])] }, 0, null);
}

/** When all limits have `units` free; null when one never has. */
function metersNextAt(request: TakeRequest, units: number): Expression {
  const moments = request.limits.map((limit, i) => meter.meterNextAt(counted(i), limit, units));
  return moments.includes(null) ? null : max('$$now', ...moments);
}

/** `at`: when one unit can be had; `next`: when `units` can, where that may be another moment. */
function meterResults(request: TakeRequest, results: Record<string, Expression>): Expression {
  const next: Record<string, Expression> =
    request.units === 1 ? {} : { next: metersNextAt(request, request.units) };
  return { ...results, at: metersNextAt(request, 1), ...next };
}

function budgetResults(request: TakeRequest, results: Record<string, Expression>): Expression {
  const charges = request.charge === 'all';
  const entry = {
    take: literal(request.take),
    n: '$$g',
    units: request.units,
    end: add('$$now', request.openMs),
    epochs: '$$b.epoch',
  };
  const opens: Expression = { $and: [gt('$$g', 0), ne('$budgets', [])] };
  const charged = cond(gt('$$g', 0), budget.chargedBudgets('$budgets', '$$g', '$epoch'), '$budgets');
  const opened = cond(opens, { $concatArrays: ['$$o', [entry]] }, '$$o');
  return bind(
    { b: charges ? charged : '$budgets' },
    bind(
      {
        p: charges && request.openMs > 0 ? opened : '$$o',
        v: budget.budgetViews('$$b'),
      },
      bind(
        { s: budget.settledAt('$$p') },
        bind(
          { m: metersNextAt(request, 1), w: budget.budgetsNextAt('$$v', '$$p', '$$s', 1) },
          {
            ...results,
            b: '$$b',
            p: '$$p',
            spent: budget.budgetSpent('$$v'),
            w: '$$w',
            at: max('$$w', '$$m'),
            ...nextAfterBudgets(request),
          },
        ),
      ),
    ),
  );
}

/** When `units` can be had, where that is not simply the later of the two moments for one unit. */
function nextAfterBudgets(request: TakeRequest): Record<string, Expression> {
  if (request.charge === 'rate')
    return { next: request.units === 1 ? '$$m' : metersNextAt(request, request.units) };
  if (request.units === 1) return { next: cond(isSet('$$w'), max('$$w', '$$m'), null) };
  const meters = metersNextAt(request, request.units);
  if (meters === null) return { next: null };
  const budgets = budget.budgetsNextAt('$$v', '$$p', '$$s', request.units);
  return { next: bind({ n: budgets }, cond(isSet('$$n'), max('$$n', meters), null)) };
}
