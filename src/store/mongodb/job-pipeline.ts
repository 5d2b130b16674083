import { queueName, type Tier } from '../../model/tier.ts';
import { choose, cond, type Expression, eq, gte, ifNull, isSet, lte, max, min, or } from './expressions.ts';
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
export function placePipeline(tier: Tier, retry: readonly string[], storeNow: Expression): UpdatePipeline {
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
  const lastRank = (queue: string) => ifNull(`$lastRank.${queue}`, '$freshRank');
  const ready = only((queue) =>
    choose(
      [
        [isSet(`$ready.${queue}`), `$ready.${queue}`],
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
        lastRank: only((queue) => ifNull(`$lastRank.${queue}`, null)),
        // Takes that know only an older revision are refused from now on.
        revision: max('$revision', tier.revision),
        placed: max('$placed', tier.revision),
        t: '$$REMOVE',
      },
    },
  ];
}
