import { withoutDraw } from '../../model/hold.ts';
import { placesOf } from '../../model/place.ts';
import { changeKeys, type KeyChange } from './change-keys.ts';
import type { MongoContext } from './context.ts';
import type { DrawName } from './draw-ids.ts';
import { fromStateDocument } from './key-document.ts';
import { readTiers } from './tiers.ts';

/** Draws whose values did not leave are in flight no longer. */
export async function releaseHolds(context: MongoContext, draws: readonly DrawName[]): Promise<void> {
  const takes = [...new Set(draws.map(({ take }) => take))];
  const stored = await context.rows.usage
    .find({ _id: { $in: takes }, kind: 'draws' })
    .project<{ _id: string; key: string; tier: string }>({ key: 1, tier: 1 })
    .toArray();
  const keyOf = new Map(stored.map(({ _id, key }) => [_id, key]));
  const names = new Map(stored.map(({ key, tier }) => [key, { keyId: key, tierId: tier }]));
  await changeKeys(context, [...names.values()], async (rows) => {
    const held = rows.filter(({ holds = [] }) => holds.some(({ take }) => takes.includes(take)));
    const tiers = await readTiers(
      context,
      held.map(({ tierId }) => tierId),
    );
    return new Map(
      held.flatMap((row): [string, KeyChange][] => {
        const tier = tiers.get(row.tierId);
        if (tier === undefined) return [];
        const before = fromStateDocument(row);
        const holds = draws
          .filter(({ take }) => keyOf.get(take) === row._id)
          .reduce((rest, { take, serial }) => withoutDraw(rest, take, serial), before.holds);
        if (holds === before.holds) return [];
        const state = { ...before, holds };
        const places = placesOf(state, tier, Math.max(row.now, state.takenAt));
        return [[row._id, { state: { ...state, ...places } }]];
      }),
    );
  });
}
