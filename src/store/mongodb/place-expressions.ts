import { bind, cond, type Expression, isSet, literal, map, max } from './expressions.ts';

/** A key that stands in no queue. */
export const NOWHERE = literal({});

/** The map `places` with `queue` at `value`. */
export function withQueue(places: string, queue: string, value: Expression): Expression {
  return { $setField: { field: queue, input: places, value } };
}

/** The map `places` without `queue`. */
export function withoutQueue(places: string, queue: string): Expression {
  return { $unsetField: { field: queue, input: places } };
}

/**
 * Dues of a key whose budgets are spent: every queue it stands in waits until `at`, and `queue` until `queueAt`; it is
 * out when `at` is null.
 */
export function spentDue(queue: string, at: string, queueAt: string): Expression {
  const moved = {
    $concatArrays: [
      map({ $objectToArray: '$ready' }, { k: '$$this.k', v: at }),
      map({ $objectToArray: '$due' }, { k: '$$this.k', v: max('$$this.v', at) }),
      [{ k: queue, v: queueAt }],
    ],
  };
  return cond(isSet(at), { $arrayToObject: [moved] }, NOWHERE);
}

/** True when the row as it stands is drawable from `queue` at `$$now`: ready, or parked with its due passed. */
export function standsReady(queue: string, now: Expression): Expression {
  return bind(
    { due: `$due.${queue}` },
    { $or: [isSet(`$ready.${queue}`), { $and: [isSet('$$due'), { $lte: ['$$due', now] }] }] },
  );
}
