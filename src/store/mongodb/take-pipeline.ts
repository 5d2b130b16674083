import type { TakeRequest } from '../../model/take.ts';
import { epochAfter } from './budget-expressions.ts';
import { choose, cond, type Expression, eq, gt, literal, max, min, ne, or } from './expressions.ts';
import { storedMeters } from './meter-expressions.ts';
import * as place from './place-expressions.ts';
import { decide, type RowShape } from './take-decision.ts';

/** The stages of an update; the first leaves its results under `t`, the second moves them into the row. */
export type UpdatePipeline = { readonly $set: { readonly [field: string]: Expression } }[];

/** How the pipeline reads the store's moment in ms. */
export const STORE_NOW: Expression = { $toLong: '$$NOW' };

/** The conditions on a row for which {@link takePipeline} of the same shape holds. */
export function takeFilter(request: Pick<TakeRequest, 'revision'>, shape: RowShape): object {
  if (shape === 'any') return {};
  const usable = { state: 'active', expireAt: null, revision: { $lte: request.revision } };
  return shape === 'plain' ? { ...usable, budgets: [], open: [] } : usable;
}

/**
 * `takeFromKey` (src/model/take.ts) as one update pipeline: the same state and the same answer, kept in `took`.
 * `storeNow` is the moment by the store in ms since 1970, of this century.
 */
export function takePipeline(request: TakeRequest, shape: RowShape, storeNow: Expression): UpdatePipeline {
  return [{ $set: { t: decide(request, shape, storeNow) } }, { $set: moveIntoRow(request, shape) }];
}

const STALE = eq('$t.ok', 'stale');
const UNUSABLE = eq('$t.ok', 'unusable');
const GAVE = '$t.y';
const PARKED = gt('$t.at', '$t.now');

/** Moves what was decided into its fields. */
function moveIntoRow(request: TakeRequest, shape: RowShape): Record<string, Expression> {
  const { queue, feature } = request;
  const meters = storedMeters(request.limits, (i) => `$t.c${i}`);
  return {
    revision: shape === 'any' ? max('$revision', request.revision) : request.revision,
    takenAt: cond(GAVE, '$t.now', '$takenAt'),
    [`meters.${feature}`]: cond(GAVE, meters, `$meters.${feature}`),
    [`lastRank.${queue}`]: cond(GAVE, request.rank, `$lastRank.${queue}`),
    ...(shape === 'plain' ? {} : budgetFields()),
    ...placesAfter(request, shape),
    took: answer(request, shape),
    t: '$$REMOVE',
  };
}

function budgetFields(): Record<string, Expression> {
  return {
    budgets: '$t.b',
    open: '$t.p',
    epoch: epochAfter('$t.b', '$epoch'),
    openEnd: cond(eq('$t.p', []), '$$REMOVE', min('$t.p.end')),
  };
}

function placesAfter(request: TakeRequest, shape: RowShape): { ready: Expression; due: Expression } {
  const { queue } = request;
  const checks = shape === 'any';
  const cases = (spent: Expression, parked: Expression, drawn: Expression, was: string) =>
    choose(
      [
        [checks ? STALE : false, was],
        [checks ? UNUSABLE : false, place.NOWHERE],
        [shape === 'plain' ? false : '$t.spent', spent],
        [PARKED, parked],
        [GAVE, drawn],
      ],
      was,
    );
  return {
    ready: cases(
      place.NOWHERE,
      place.withoutQueue('$ready', queue),
      place.withQueue('$ready', queue, request.rank),
      '$ready',
    ),
    due: cases(
      place.spentDue(queue, '$t.w', '$t.at'),
      place.withQueue('$due', queue, '$t.at'),
      place.withoutQueue('$due', queue),
      '$due',
    ),
  };
}

function answer(request: TakeRequest, shape: RowShape): Expression {
  const next = shape === 'plain' && request.units === 1 ? '$t.at' : '$t.next';
  return {
    take: literal(request.take),
    reason: reason(request, shape),
    granted: '$t.g',
    at: '$t.now',
    nextAt: shape === 'any' ? cond(eq('$t.ok', 'ok'), next, null) : next,
  };
}

function reason(request: TakeRequest, shape: RowShape): Expression {
  const stays = place.standsReady(request.queue, '$t.now');
  return choose(
    [
      [GAVE, 'granted'],
      [shape === 'any' ? ne('$t.ok', 'ok') : false, '$t.ok'],
      // With no unit left of one that was asked for, some limit holds the key back.
      [shape === 'plain' && request.units === 1, 'exhausted'],
      [shape === 'plain' ? PARKED : or('$t.spent', PARKED), 'exhausted'],
      [stays, 'short'],
    ],
    'exhausted',
  );
}
