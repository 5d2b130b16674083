import { OPEN_TAKES_MAX } from '../../model/key.ts';
import { budgetSpent, budgetsNextAt, budgetViews, settledAt, withoutSettled } from './budget-expressions.ts';
import {
  and,
  bind,
  choose,
  cond,
  type Expression,
  eq,
  gte,
  ifNull,
  isSet,
  literal,
  lte,
  map,
  max,
  min,
  ne,
  size,
  subtract,
} from './expressions.ts';
import { NOWHERE } from './place-expressions.ts';
import type { UpdatePipeline } from './take-pipeline.ts';

/*
 * Updates that take settled entries off a row's open takes. The counting is `settleTake` (src/model/take.ts); the places
 * move with it. Results stand under `t` between the stages.
 */

const UNUSABLE: Expression = {
  $or: [ne('$state', 'active'), { $and: [isSet('$expireAt'), lte('$expireAt', '$t.now')] }],
};

/** Spent for life with no take open: only an edit brings the key back. */
const OUT: Expression = and('$t.spent', { $not: [isSet('$t.at')] });

function judge(storeNow: Expression): Expression {
  return bind(
    { now: max(storeNow, '$takenAt') },
    bind(
      { v: budgetViews('$budgets'), s: settledAt('$open') },
      {
        now: '$$now',
        spent: budgetSpent('$$v'),
        at: budgetsNextAt('$$v', '$open', '$$s', 1),
        wasFull: '$t.wasFull',
      },
    ),
  );
}

const openEnd: Expression = cond(eq('$open', []), '$$REMOVE', min('$open.end'));

/** Takes entries off whose draws are all real: nothing goes back, but a spent key may now be out of all queues. */
export function flushPipeline(
  settled: readonly string[],
  storeNow: Expression,
  turn: string,
): UpdatePipeline {
  const awake = map({ $objectToArray: '$due' }, { k: '$$this.k', v: min('$$this.v', '$t.now') });
  return [
    {
      $set: {
        t: { wasFull: gte(size('$open'), OPEN_TAKES_MAX) },
        open: withoutSettled('$open', settled),
      },
    },
    { $set: { t: judge(storeNow), openEnd } },
    {
      $set: {
        ready: cond(OUT, NOWHERE, '$ready'),
        due: choose(
          [
            [OUT, NOWHERE],
            // It waited for a slot: let it try.
            [{ $and: ['$t.wasFull', { $not: ['$t.spent'] }] }, { $arrayToObject: [awake] }],
          ],
          '$due',
        ),
        turn: literal(turn),
        t: '$$REMOVE',
      },
    },
  ];
}

export interface Settlement {
  readonly take: string;
  readonly epochs: readonly number[];
  /** Units to put back. */
  readonly back: number;
}

/**
 * Takes one entry off and puts its unused units back into the same epochs. Every queue in which the key then does not
 * stand ready is due at once, so that the next draw finds out what holds it.
 */
export function settlePipeline(
  { take, epochs, back }: Settlement,
  queues: readonly string[],
  storeNow: Expression,
  turn: string,
): UpdatePipeline {
  const returned = map('$budgets', {
    $mergeObjects: [
      '$$this',
      cond({ $in: ['$$this.epoch', [...epochs]] }, { used: max(0, subtract('$$this.used', back)) }, NOWHERE),
    ],
  });
  const dueAt = (value: Expression): Expression => ({
    $arrayToObject: [queues.map((queue) => ({ k: queue, v: value }))],
  });
  const notReady: Expression = {
    $arrayToObject: [
      {
        $filter: {
          input: queues.map((queue) => ({
            k: queue,
            v: cond(isSet(`$ready.${queue}`), null, '$t.now'),
          })),
          as: 'p',
          cond: isSet('$$p.v'),
        },
      },
    ],
  };
  const out: Expression = { $or: [UNUSABLE, OUT] };
  return [
    { $set: { budgets: returned, open: withoutSettled('$open', [take]) } },
    { $set: { t: judge(storeNow), openEnd } },
    {
      $set: {
        ready: cond({ $or: [out, '$t.spent'] }, NOWHERE, '$ready'),
        due: choose(
          [
            [out, NOWHERE],
            ['$t.spent', dueAt(ifNull('$t.at', '$t.now'))],
          ],
          notReady,
        ),
        turn: literal(turn),
        t: '$$REMOVE',
      },
    },
  ];
}
