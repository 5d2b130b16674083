import { isDeepStrictEqual } from 'node:util';
import type { ClientSession } from 'mongodb';
import type { Tier } from '../../model/tier.ts';
import { PLAIN_POLICY, placesAlike } from '../../model/tier-policy.ts';
import { StoreError } from '../errors.ts';
import type { TierStore } from '../port.ts';
import { writeEvents } from './admin-events.ts';
import type { TierDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { pageById } from './paging.ts';
import { transact } from './transaction.ts';

function toTierDocument({ id, ...tier }: Tier): TierDocument {
  return { _id: id, ...tier };
}

export function fromTierDocument({ _id, touches: _touches, policy, ...tier }: TierDocument): Tier {
  return { id: _id, ...tier, policy: { ...PLAIN_POLICY, ...policy } };
}

export function noSuchTier(id: string): StoreError {
  return new StoreError('not-found', `There is no tier "${id}".`);
}

/** Tiers by id; those that are gone are left out. */
export async function readTiers(
  { rows }: MongoContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Tier>> {
  if (ids.length === 0) return new Map();
  const found = await rows.tiers.find({ _id: { $in: [...new Set(ids)] } }).toArray();
  return new Map(found.map((tier) => [tier._id, fromTierDocument(tier)]));
}

/** The tier as it stands, from now until the transaction's end: others that depend on it wait or start again. */
export async function lockTier(context: MongoContext, id: string, session: ClientSession): Promise<Tier> {
  const document = await context.rows.tiers.findOneAndUpdate(
    { _id: id },
    { $inc: { touches: 1 } },
    { session, returnDocument: 'after' },
  );
  if (document === null) throw noSuchTier(id);
  return fromTierDocument(document);
}

export function createTiers(context: MongoContext): TierStore {
  const { rows, announce } = context;
  return {
    createTier: (tier, event) =>
      atEdge(async () => {
        await transact(context, async (session) => {
          await rows.tiers.insertOne(toTierDocument(tier), { session });
          await writeEvents(context, [event], session);
        });
        announce({ kind: 'tier', id: tier.id });
      }),
    getTier: (id) =>
      atEdge(async () => {
        const document = await rows.tiers.findOne({ _id: id });
        return document === null ? null : fromTierDocument(document);
      }),
    listTiers: (page) => atEdge(() => pageById(rows.tiers, {}, page, fromTierDocument)),
    editTier: (id, edit) => atEdge(() => editTier(context, id, edit)),
    deleteTier: (id, check) => atEdge(() => deleteTier(context, id, check)),
  };
}

/** Features of `after` that `before` lacks or limits otherwise; null when the two place their keys alike. */
function changedFeatures(before: Tier, after: Tier): string[] | null {
  const isAlike = placesAlike(before.policy, after.policy);
  if (isAlike && isDeepStrictEqual(before.features, after.features)) return null;
  const was = new Map(before.features.map((feature) => [feature.name, feature]));
  return after.features
    .filter((feature) => !isDeepStrictEqual(was.get(feature.name), feature))
    .map((feature) => feature.name);
}

async function editTier(
  context: MongoContext,
  id: string,
  edit: Parameters<TierStore['editTier']>[1],
): Promise<Tier> {
  const { rows, announce } = context;
  const total = await rows.keys.countDocuments({ tierId: id }, { hint: { tierId: 1, placed: 1 } });
  const { row, event } = await transact(context, async (session) => {
    const document = await rows.tiers.findOne({ _id: id }, { session });
    if (document === null) throw noSuchTier(id);
    const before = fromTierDocument(document);
    const edited = edit(before);
    if (edited.event === null) return edited;
    await rows.tiers.updateOne({ _id: id }, { $set: toTierDocument(edited.row) }, { session });
    await writeEvents(context, [edited.event], session);
    const changed = changedFeatures(before, edited.row);
    if (changed !== null) await writeJob(context, edited.row, changed, total, session);
    return edited;
  });
  if (event !== null) announce({ kind: 'tier', id });
  return row;
}

/** An unfinished job of the tier is replaced; what it still had to do is part of the new one. */
async function writeJob(
  context: MongoContext,
  tier: Tier,
  changed: readonly string[],
  total: number,
  session: ClientSession,
): Promise<void> {
  const { jobs } = context.rows;
  const unfinished = await jobs.find({ tierId: tier.id, state: 'running' }, { session }).toArray();
  await jobs.deleteMany({ _id: { $in: unfinished.map((job) => job._id) } }, { session });
  const features = new Set([...changed, ...unfinished.flatMap((job) => job.features)]);
  const now = storeNow(context);
  await jobs.insertOne(
    {
      _id: context.options.newId(),
      kind: 'place-keys',
      tierId: tier.id,
      revision: tier.revision,
      state: 'running',
      done: 0,
      total,
      features: [...features],
      createdAt: now,
      updatedAt: now,
    },
    { session },
  );
}

async function deleteTier(
  context: MongoContext,
  id: string,
  check: Parameters<TierStore['deleteTier']>[1],
): Promise<void> {
  const { rows, announce } = context;
  await transact(context, async (session) => {
    const document = await rows.tiers.findOneAndDelete({ _id: id }, { session });
    if (document === null) throw noSuchTier(id);
    const granted = rows.consumers.find({ grantedTierIds: id }, { session, projection: { _id: 1 } });
    const consumerIds = (await granted.sort({ _id: 1 }).toArray()).map((consumer) => consumer._id);
    const event = check(fromTierDocument(document), consumerIds);
    if ((await rows.keys.findOne({ tierId: id }, { session, projection: { _id: 1 } })) !== null)
      throw new StoreError('not-empty', `The tier "${id}" has keys.`);
    await rows.consumers.updateMany(
      { grantedTierIds: id },
      { $pull: { grantedTierIds: id }, $inc: { version: 1 }, $set: { updatedAt: storeNow(context) } },
      { session },
    );
    await rows.jobs.deleteMany({ tierId: id, state: 'running' }, { session });
    await writeEvents(context, [event], session);
  });
  announce({ kind: 'all' });
}
