import { areOver } from '../../model/gone-meters.ts';
import type { KeyState } from '../../model/key.ts';
import { withoutLearned } from '../../model/learned-limit.ts';
import { placesOf } from '../../model/place.ts';
import { queueName, type Tier } from '../../model/tier.ts';
import { changeKeys, type KeyChange, type SeenRow } from './change-keys.ts';
import type { MongoContext } from './context.ts';
import { fromStateDocument } from './key-document.ts';

/*
 * What `placePipeline` and the pipelines around it do, on rows that hold more than those know.
 */

/** The state with the places of its tier's features, and without what it remembers of others, once that binds nothing. */
function placed(row: SeenRow, tier: Tier): KeyState {
  const before = fromStateDocument(row);
  const now = Math.max(row.now, before.takenAt);
  const names = new Set(tier.features.map(({ name }) => name));
  const queues = new Set<string>(tier.features.map(({ name }) => queueName(tier.id, name)));
  const meters = Object.entries(before.meters).filter(
    ([feature, states]) => names.has(feature) || !areOver(states, now),
  );
  const lastRank = Object.entries(before.lastRank).filter(([queue]) => queues.has(queue));
  const state: KeyState = {
    ...before,
    meters: Object.fromEntries(meters),
    lastRank: Object.fromEntries(lastRank),
    health: withoutLearned(before.health, names),
    revision: Math.max(before.revision, tier.revision),
  };
  return { ...state, ...placesOf(state, tier, now) };
}

/** Places keys in the queues of their tier's features; returns how many it placed. */
export function placeSmartKeys(
  context: MongoContext,
  tier: Tier,
  keyIds: readonly string[],
): Promise<number> {
  return changeKeys(
    context,
    keyIds.map((keyId) => ({ keyId, tierId: tier.id })),
    async (rows) =>
      new Map(
        rows
          .filter((row) => row.placed < tier.revision)
          .map((row): [string, KeyChange] => [
            row._id,
            { state: placed(row, tier), set: { placed: tier.revision } },
          ]),
      ),
  );
}

/** Puts keys back that are out since the clock was ahead, and have not expired; returns how many. */
export function putBackSmart(context: MongoContext, tier: Tier, keyIds: readonly string[]): Promise<number> {
  return changeKeys(
    context,
    keyIds.map((keyId) => ({ keyId, tierId: tier.id })),
    async (rows) =>
      new Map(
        rows.flatMap((row): [string, KeyChange][] => {
          // A row placed by a newer revision has queues that are not known here yet.
          if (row.placed > tier.revision || row.expireAt === null || row.expireAt <= row.now) return [];
          if (Object.keys({ ...row.ready, ...row.due }).length > 0) return [];
          const set = { parkAt: row.expireAt, placed: tier.revision };
          return [[row._id, { state: placed(row, tier), set, unset: ['outExpired'] }]];
        }),
      ),
  );
}
