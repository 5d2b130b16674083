import type { AffinityClaim, AffinityHome } from '../../model/round.ts';
import { type MongoContext, storeNow } from './context.ts';
import type { DrawContext } from './draw-context.ts';
import { isDuplicateKey } from './driver-errors.ts';

/** Which key the draws of an affinity, `_id`, go to. */
export interface AffinityDocument {
  readonly _id: string;
  readonly tier: string;
  readonly key: string;
  readonly expireAt: Date;
}

/** How long an affinity is kept after its last draw, in ms. */
const KEPT_MS = 86_400_000;
/** A draw prolongs it where it was not for so long, in ms. */
const RENEWED_AFTER_MS = 3_600_000;
/** Claims of one affinity that others get in the way of. */
const TRIES_MAX = 4;

function homeOf({ tier, key }: AffinityDocument): AffinityHome {
  return { tierId: tier, keyId: key };
}

function lifeOf(context: MongoContext) {
  const now = storeNow(context);
  return { now: new Date(now), expireAt: new Date(now + KEPT_MS) };
}

/** Where affinities go, in their order; null for one that goes nowhere. They are prolonged by being asked for. */
export async function recallAffinities(
  context: DrawContext,
  affinities: readonly string[],
): Promise<readonly (AffinityHome | null)[]> {
  const { now, expireAt } = lifeOf(context);
  const rows = await context.rows.affinities
    .find({ _id: { $in: [...affinities] }, expireAt: { $gt: now } })
    .batchSize(affinities.length + 1)
    .toArray();
  const renewed = rows.filter((row) => expireAt.getTime() - row.expireAt.getTime() > RENEWED_AFTER_MS);
  if (renewed.length > 0)
    context.background.run('Prolonging affinities', () =>
      context.rows.affinities.updateMany(
        { _id: { $in: renewed.map(({ _id }) => _id) } },
        { $max: { expireAt } },
      ),
    );
  const homes = new Map(rows.map((row) => [row._id, homeOf(row)]));
  return affinities.map((affinity) => homes.get(affinity) ?? null);
}

/** Moves affinities, each unless another call has moved it meanwhile; gives where each goes then. */
export function claimAffinities(
  context: MongoContext,
  claims: readonly AffinityClaim[],
): Promise<readonly (AffinityHome | null)[]> {
  return Promise.all(claims.map((claim) => claimOne(context, claim)));
}

async function claimOne(
  context: MongoContext,
  { affinity, from, to }: AffinityClaim,
): Promise<AffinityHome | null> {
  const { affinities } = context.rows;
  for (let tries = 0, was = from; tries < TRIES_MAX; tries += 1, was = null) {
    const { now, expireAt } = lifeOf(context);
    // One whose time is over goes nowhere. Of two first ones one finds the row.
    const filter = was === null ? { _id: affinity, expireAt: { $lte: now } } : { _id: affinity, key: was };
    const $set = { tier: to.tierId, key: to.keyId, expireAt };
    const moved = await affinities
      .updateOne(filter, { $set }, { upsert: was === null })
      .catch((error: unknown) => {
        if (isDuplicateKey(error)) return null;
        throw error;
      });
    if (moved !== null && moved.matchedCount + moved.upsertedCount > 0) return to;
    const stands = await affinities.findOne({ _id: affinity }, { readConcern: { level: 'majority' } });
    if (stands !== null) return homeOf(stands);
  }
  return null;
}
