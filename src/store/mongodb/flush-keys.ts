import { OPEN_TAKES_MAX } from '../../model/key.ts';
import { budgetSpent, placesOf } from '../../model/place.ts';
import { settleTake } from '../../model/take.ts';
import { changeInTiers } from './change-in-tiers.ts';
import type { SeenRow } from './change-keys.ts';
import type { MongoContext } from './context.ts';
import { fromStateDocument } from './key-document.ts';
import { flushPipeline } from './settle-pipeline.ts';
import type { Flushed } from './settled-takes.ts';
import { STORE_NOW } from './take-pipeline.ts';

/** Carries settled entries off; where no place can move with that, in one plain update for all keys of a tier. */
export async function flushKeys(context: MongoContext, settled: readonly Flushed[]): Promise<void> {
  await flush(context, settled);
  // What was read ahead of them before would be refused.
  for (const { keyId } of settled) context.ahead.taken(keyId);
}

async function flush(context: MongoContext, settled: readonly Flushed[]): Promise<void> {
  const { rows, options } = context;
  const serving = settled.filter((key) => key.serving);
  const left = settled.filter((key) => !key.serving);
  for (const [tierId, keys] of Map.groupBy(serving, (key) => key.tierId)) {
    const others = { take: { $nin: keys.flatMap(({ takes }) => takes) } };
    const { matchedCount } = await rows.keys.updateMany(
      {
        tierId,
        _id: { $in: keys.map(({ keyId }) => keyId) },
        smart: { $exists: false },
        open: { $not: { $elemMatch: others } },
        ready: { $ne: {} },
        due: {},
      },
      { $set: { open: [], turn: options.newId() }, $unset: { openEnd: '' } },
    );
    if (matchedCount < keys.length) left.push(...keys);
  }
  if (left.length === 0) return;
  const { matchedCount } = await rows.keys.bulkWrite(
    left.map(({ keyId, tierId, takes }) => ({
      updateOne: {
        filter: { _id: keyId, tierId, smart: { $exists: false } },
        update: flushPipeline(takes, STORE_NOW, options.newId()),
      },
    })),
    { ordered: false },
  );
  if (matchedCount < left.length) await flushDecided(context, left);
}

/** The same on rows that hold more than the pipelines know. */
async function flushDecided(context: MongoContext, settled: readonly Flushed[]): Promise<void> {
  const takesOf = new Map(settled.map(({ keyId, takes }) => [keyId, takes]));
  await changeInTiers(
    context,
    settled,
    (row, tier) => ({ state: flushed(row, takesOf.get(row._id) ?? [], tier) }),
    (row) => row.smart === true && row.open.some(({ take }) => takesOf.get(row._id)?.includes(take)),
  );
}

function flushed(row: SeenRow, takes: readonly string[], tier: Parameters<typeof placesOf>[1]) {
  const before = fromStateDocument(row);
  const now = Math.max(row.now, before.takenAt);
  const state = before.open
    .filter(({ take }) => takes.includes(take))
    .reduce((rest, open) => settleTake(rest, open, open.n), before);
  const moves = before.open.length >= OPEN_TAKES_MAX || budgetSpent(state, now);
  return moves ? { ...state, ...placesOf(state, tier, now) } : state;
}
