import { meterId } from '../../model/meter.ts';
import type { TakeRequest } from '../../model/take.ts';
import * as budget from './budget-expressions.ts';
import {
  add,
  bind,
  choose,
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
import * as place from './place-expressions.ts';

/** The stages of an update; the first leaves its results under `t`, the second moves them into the row. */
export type UpdatePipeline = { readonly $set: { readonly [field: string]: Expression } }[];

/** What is known of the row when its take is built: rows without budgets and open takes need far less. */
export type RowShape = 'plain' | 'budgeted';

/** What the filter of a take must hold besides the row's id, so that a `plain` pipeline meets plain rows only. */
export const PLAIN_ROW = { budgets: [], open: [] } as const;

/** How the pipeline reads the store's moment in ms. */
export const STORE_NOW: Expression = { $toLong: '$$NOW' };

/**
 * `takeFromKey` (src/model/take.ts) as one update pipeline: the same state and the same answer, kept in `took`.
 * `storeNow` is the moment by the store in ms. The row must be of the given shape.
 */
export function takePipeline(request: TakeRequest, shape: RowShape, storeNow: Expression): UpdatePipeline {
  return [{ $set: { t: decide(request, shape, storeNow) } }, { $set: moveIntoRow(request, shape) }];
}

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

/** All that is worked out from the row as it was: what is granted, and what the row is to become. */
function decide(request: TakeRequest, shape: RowShape, storeNow: Expression): Expression {
  const open: Record<string, Expression> =
    shape === 'budgeted' ? { o: budget.withoutSettled('$open', request.settled) } : {};
  const results: Record<string, Expression> = { now: '$$now', ok: '$$ok', g: '$$g' };
  for (const i of request.limits.keys()) results[`c${i}`] = counted(i);
  const inside = shape === 'budgeted' ? budgetResults(request, results) : meterResults(request, results);
  return bind(
    { now: max(storeNow, '$takenAt') },
    bind(
      { ok: usability(request), ...open, ...perLimit(request, 'l', (i) => readMeter(request, i)) },
      bind(
        { g: granted(request, shape) },
        bind(
          perLimit(request, 'c', (i) => count(request, i)),
          inside,
        ),
      ),
    ),
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

function chargesBudgets(request: TakeRequest, shape: RowShape): boolean {
  return shape === 'budgeted' && request.charge === 'all';
}

function granted(request: TakeRequest, shape: RowShape): Expression {
  const free = request.limits.map((limit, i) => meter.freeUnits(live(i), limit));
  // Null without budgets, and then passed over.
  if (chargesBudgets(request, shape))
    free.push(
      cond(eq('$budgets', []), null, cond(budget.openTakesFull('$$o'), 0, budget.leastFree('$budgets'))),
    );
  const units = max(0, min(request.units * request.count, ...free));
  const whole: Expression =
    request.units === 1
      ? units
      : { $multiply: [{ $floor: { $divide: [units, request.units] } }, request.units] };
  return cond(eq('$$ok', 'ok'), whole, 0);
}

/** When all limits have `units` free. */
function metersNextAt(request: TakeRequest, units: number): Expression {
  const moments = request.limits.map((limit, i) => meter.meterNextAt(counted(i), limit, units));
  return moments.includes(null) ? null : max('$$now', ...moments);
}

function meterResults(request: TakeRequest, results: Record<string, Expression>): Expression {
  const one = metersNextAt(request, 1);
  const all = metersNextAt(request, request.units);
  return { ...results, at: one, next: all };
}

function budgetResults(request: TakeRequest, results: Record<string, Expression>): Expression {
  const entry = {
    take: literal(request.take),
    n: '$$g',
    units: request.units,
    end: add('$$now', request.openMs),
    epochs: '$$b.epoch',
  };
  const charges = request.charge === 'all' ? { $and: [gt('$$g', 0), ne('$budgets', [])] } : false;
  const moments = {
    bOne: budget.budgetsNextAt('$$b', '$$p', 1),
    mOne: metersNextAt(request, 1),
    bAll: request.charge === 'all' ? budget.budgetsNextAt('$$b', '$$p', request.units) : '$$now',
    mAll: metersNextAt(request, request.units),
  };
  return bind(
    { b: cond(charges, budget.chargedBudgets('$budgets', '$$g', '$epoch'), '$budgets') },
    bind(
      { p: request.openMs === 0 ? '$$o' : cond(charges, { $concatArrays: ['$$o', [entry]] }, '$$o') },
      bind(moments, {
        ...results,
        b: '$$b',
        p: '$$p',
        epoch: cond(charges, budget.epochAfter('$budgets', '$epoch'), '$epoch'),
        spent: budget.budgetSpent('$$b'),
        bOne: '$$bOne',
        at: max('$$bOne', '$$mOne'),
        next: cond({ $and: [isSet('$$bAll'), isSet('$$mAll')] }, max('$$bAll', '$$mAll'), null),
      }),
    ),
  );
}

/** Moves what was decided into its fields. */
function moveIntoRow(request: TakeRequest, shape: RowShape): Record<string, Expression> {
  const { queue, feature } = request;
  const gave = gt('$t.g', 0);
  const budgets: Record<string, Expression> =
    shape === 'budgeted'
      ? {
          budgets: '$t.b',
          open: '$t.p',
          epoch: '$t.epoch',
          openEnd: cond(eq('$t.p', []), '$$REMOVE', min('$t.p.end')),
        }
      : {};
  return {
    revision: max('$revision', request.revision),
    takenAt: cond(gave, '$t.now', '$takenAt'),
    [`meters.${feature}`]: cond(
      gave,
      meter.storedMeters(request.limits, (i) => `$t.c${i}`),
      `$meters.${feature}`,
    ),
    [`lastRank.${queue}`]: cond(gave, request.rank, `$lastRank.${queue}`),
    ...budgets,
    ...placesAfter(request, shape),
    took: {
      take: literal(request.take),
      reason: reason(request, shape),
      granted: '$t.g',
      at: '$t.now',
      nextAt: cond(eq('$t.ok', 'ok'), '$t.next', null),
    },
    t: '$$REMOVE',
  };
}

const PARKED = gt('$t.at', '$t.now');

function placesAfter(request: TakeRequest, shape: RowShape): { ready: Expression; due: Expression } {
  const { queue } = request;
  const gave = gt('$t.g', 0);
  const cases = (out: Expression, spent: Expression, parked: Expression, drawn: Expression, was: string) =>
    choose(
      [
        [eq('$t.ok', 'stale'), was],
        [eq('$t.ok', 'unusable'), out],
        [shape === 'budgeted' ? '$t.spent' : false, spent],
        [PARKED, parked],
        [gave, drawn],
      ],
      was,
    );
  return {
    ready: cases(
      place.NOWHERE,
      place.NOWHERE,
      place.withoutQueue('$ready', queue),
      place.withQueue('$ready', queue, request.rank),
      '$ready',
    ),
    due: cases(
      place.NOWHERE,
      place.spentDue(queue, '$t.bOne', '$t.at'),
      place.withQueue('$due', queue, '$t.at'),
      place.withoutQueue('$due', queue),
      '$due',
    ),
  };
}

function reason(request: TakeRequest, shape: RowShape): Expression {
  const gone = shape === 'budgeted' ? or('$t.spent', PARKED) : PARKED;
  return cond(
    gt('$t.g', 0),
    'granted',
    cond(
      ne('$t.ok', 'ok'),
      '$t.ok',
      cond(gone, 'exhausted', cond(place.standsReady(request.queue, '$t.now'), 'short', 'exhausted')),
    ),
  );
}
