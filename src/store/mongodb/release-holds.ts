import { withoutDraw } from '../../model/hold.ts';
import { placesOf } from '../../model/place.ts';
import { withoutTrial } from '../../model/trial.ts';
import { changeInTiers } from './change-in-tiers.ts';
import type { MongoContext } from './context.ts';
import type { DrawName } from './draw-ids.ts';
import { fromStateDocument } from './key-document.ts';

/** Draws whose values did not leave are in flight no longer, and on no trial. */
export async function releaseHolds(context: MongoContext, draws: readonly DrawName[]): Promise<void> {
  const takes = [...new Set(draws.map(({ take }) => take))];
  const stored = await context.rows.usage
    .find({ _id: { $in: takes }, kind: 'draws' })
    .project<{ _id: string; key: string; tier: string }>({ key: 1, tier: 1 })
    .toArray();
  const keyOf = new Map(stored.map(({ _id, key }) => [_id, key]));
  const names = new Map(stored.map(({ key, tier }) => [key, { keyId: key, tierId: tier }]));
  const freed = new Set<string>();
  await changeInTiers(
    context,
    [...names.values()],
    (row, tier) => {
      const before = fromStateDocument(row);
      const own = draws.filter(({ take }) => keyOf.get(take) === row._id);
      const holds = own.reduce((rest, { take, serial }) => withoutDraw(rest, take, serial), before.holds);
      const health = own.reduce((rest, { take }) => withoutTrial(rest, take), before.health);
      if (holds === before.holds && health === before.health) return null;
      const state = { ...before, holds, health };
      const places = placesOf(state, tier, Math.max(row.now, state.takenAt));
      freed.add(row.tierId);
      return { state: { ...state, ...places } };
    },
    ({ holds = [], health }) =>
      holds.some(({ take }) => takes.includes(take)) || takes.includes(health?.trial?.take ?? ''),
  );
  for (const tierId of freed) context.freed(tierId);
}
