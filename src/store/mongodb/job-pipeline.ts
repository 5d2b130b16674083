import { queueName, type Tier } from '../../model/tier.ts';
import {
  add,
  choose,
  cond,
  type Expression,
  eq,
  gte,
  ifNull,
  isSet,
  literal,
  lte,
  max,
  min,
  or,
} from './expressions.ts';
import type { UpdatePipeline } from './take-pipeline.ts';

const SPENT_FOR_LIFE: Expression = {
  $anyElementTrue: [
    {
      $map: {
        input: '$budgets',
        as: 'b',
        in: { $and: [eq('$$b.windowMs', null), gte('$$b.used', '$$b.limit')] },
      },
    },
  ],
};

/** Longest guard that is added to a window unless the limit sets one, in ms. */
const GUARD_MAX_MS = 1000;

/** True when a meter (`$$m`) counted its last unit too long ago to bind if its limit came back, with any guard. */
function isOver(): Expression {
  const windowMs: Expression = { $toLong: { $substrBytes: ['$$m.k', 1, -1] } };
  const lastAt = ifNull({ $last: '$$m.v.stamps.at' }, ifNull('$$m.v.startAt', 0));
  return gte('$t.now', add(lastAt, windowMs, max(windowMs, GUARD_MAX_MS)));
}

/** The meters of features that the tier has, or that may bind still if they came back. */
function withoutGoneFeatures(tier: Tier): Expression {
  const names = tier.features.map((feature) => feature.name);
  const states = { $objectToArray: '$$f.v' };
  const over: Expression = {
    $allElementsTrue: [{ $map: { input: states, as: 'm', in: isOver() } }],
  };
  const kept = or({ $in: ['$$f.k', literal(names)] }, { $not: [over] });
  return {
    $arrayToObject: [{ $filter: { input: { $objectToArray: '$meters' }, as: 'f', cond: kept } }],
  };
}

/** Only an edit or a recovery brings such a key back. */
const OUT: Expression = or(
  { $ne: ['$state', 'active'] },
  { $and: [isSet('$expireAt'), lte('$expireAt', '$$now')] },
  SPENT_FOR_LIFE,
);

/**
 * Makes a key's places those of its tier's features: others go, a missing one of a key that can be drawn becomes ready
 * where it was last used, and what waits for one of the `retry` features is due at once, since its limits may be higher.
 */
export function placePipeline(
  tier: Tier,
  retry: readonly string[],
  storeNow: Expression,
  turn: string,
): UpdatePipeline {
  const queues = tier.features.map((feature) => ({
    queue: queueName(tier.id, feature.name),
    retry: retry.includes(feature.name),
  }));
  const only = (value: (queue: string, retry: boolean) => Expression): Expression => ({
    $arrayToObject: [
      {
        $filter: {
          input: queues.map(({ queue, retry: again }) => ({ k: queue, v: value(queue, again) })),
          as: 'p',
          cond: isSet('$$p.v'),
        },
      },
    ],
  });
  // Where keys are filled in their order each stands where it did when it was new.
  const inOrder = tier.policy.strategy === 'fill_first';
  const lastRank = (queue: string) => (inOrder ? '$freshRank' : ifNull(`$lastRank.${queue}`, '$freshRank'));
  const ready = only((queue) =>
    choose(
      [
        [isSet(`$ready.${queue}`), inOrder ? '$freshRank' : `$ready.${queue}`],
        [isSet(`$due.${queue}`), null],
        ['$t.out', null],
      ],
      lastRank(queue),
    ),
  );
  const due = only((queue, again) =>
    cond(isSet(`$due.${queue}`), again ? min(`$due.${queue}`, '$t.now') : `$due.${queue}`, null),
  );
  return [
    {
      $set: {
        t: { $let: { vars: { now: max(storeNow, '$takenAt') }, in: { now: '$$now', out: OUT } } },
      },
    },
    {
      $set: {
        ready,
        due,
        meters: withoutGoneFeatures(tier),
        lastRank: only((queue) => ifNull(`$lastRank.${queue}`, null)),
        // Takes that know only an older revision are refused from now on.
        revision: max('$revision', tier.revision),
        placed: max('$placed', tier.revision),
        turn: literal(turn),
        t: '$$REMOVE',
      },
    },
  ];
}
