import { areOver } from './gone-meters.ts';
import type { Key } from './key.ts';
import { withoutLearned } from './learned-limit.ts';
import { placesOf } from './place.ts';
import type { Tier } from './tier.ts';

/**
 * A key as it stands in another tier. All that was counted goes with it: meters of features that both tiers have go on
 * counting there, those of others stay as long as they would bind on the way back; and so do budgets, open takes, holds and
 * health. In the queues of its new tier it begins at `freshRank`, as if it were new there; a ramp that it is in goes on.
 */
export function movedKey(key: Key, to: Tier, freshRank: number, now: number): Key {
  const { rampFrom } = key.traits;
  const names = new Set(to.features.map(({ name }) => name));
  const kept = Object.entries(key.meters).filter(
    ([name, meters]) => names.has(name) || !areOver(meters, now),
  );
  const row: Key = {
    ...key,
    tierId: to.id,
    revision: to.revision,
    placed: to.revision,
    meters: Object.fromEntries(kept),
    lastRank: {},
    health: withoutLearned(key.health, names),
    freshRank,
    traits: { ...key.traits, rampFrom: to.policy.ramp === null ? null : (rampFrom ?? now) },
  };
  return { ...row, ...placesOf(row, to, now) };
}
