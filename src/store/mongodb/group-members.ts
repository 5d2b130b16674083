import { isDeepStrictEqual } from 'node:util';
import { placesOf } from '../../model/place.ts';
import { changeInTiers } from './change-in-tiers.ts';
import type { MongoContext } from './context.ts';
import { type Expression, literal, lt, map, max, ne } from './expressions.ts';
import { fromStateDocument } from './key-document.ts';
import { NOWHERE } from './place-expressions.ts';
import type { KeyName } from './send-take.ts';

/** Keys that are placed anew together. */
const BATCH = 500;

/**
 * Parks all keys of a group that has no unit until `at` (ms), or takes them out of their queues where waiting does not
 * help (null): one update.
 */
export async function parkMembers(context: MongoContext, groupId: string, at: number | null): Promise<void> {
  const parked = (places: string, moment: Expression) =>
    map({ $objectToArray: places }, { k: '$$this.k', v: moment });
  const due: Expression =
    at === null
      ? NOWHERE
      : {
          $arrayToObject: [{ $concatArrays: [parked('$ready', at), parked('$due', max('$$this.v', at))] }],
        };
  const isSooner: Expression =
    at === null ? ne('$due', NOWHERE) : { $in: [true, map({ $objectToArray: '$due' }, lt('$$this.v', at))] };
  // Those that wait as long anyway are left alone: many draws may find the group spent.
  const drawable = { 'traits.groupId': groupId, $or: [{ ready: { $ne: {} } }, { $expr: isSooner }] };
  await context.rows.keys.updateMany(
    drawable,
    [{ $set: { ready: NOWHERE, due, turn: literal(context.options.newId()) } }],
    { hint: { 'traits.groupId': 1, _id: 1 } },
  );
}

/**
 * Places all keys of a group as if it had units, so that they try; then forgets that they were to be let try since the
 * write `wakes`.
 */
export async function wakeMembers(context: MongoContext, groupId: string, wakes: string): Promise<void> {
  const { keys, groups } = context.rows;
  for (let after = ''; ; ) {
    const found = await keys
      .find({ 'traits.groupId': groupId, _id: { $gt: after } })
      .project<{ _id: string; tierId: string }>({ tierId: 1 })
      .sort({ _id: 1 })
      .limit(BATCH)
      .toArray();
    await placeAnew(
      context,
      found.map(({ _id, tierId }) => ({ keyId: _id, tierId })),
    );
    for (const tierId of new Set(found.map((row) => row.tierId))) context.freed(tierId);
    const last = found.at(-1);
    if (last === undefined || found.length < BATCH) break;
    after = last._id;
  }
  context.ahead.clear();
  await groups.updateOne({ _id: groupId, wakes }, { $unset: { wakes: true } });
}

async function placeAnew(context: MongoContext, names: readonly KeyName[]): Promise<void> {
  await changeInTiers(context, names, (row, tier) => {
    const state = fromStateDocument(row);
    const { ready, due } = placesOf(state, tier, Math.max(row.now, state.takenAt));
    // Those that stand so already would be changed anew as often as others are in the way of one of the batch.
    if (isDeepStrictEqual([ready, due], [state.ready, state.due])) return null;
    return { state: { ...state, ready, due } };
  });
}
