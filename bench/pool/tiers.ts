import type { Call, Context } from '../../src/domain/context.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import type { Tier } from '../../src/model/tier.ts';
import { atOnce } from './at-once.ts';
import { addKeys } from './keys.ts';
import { featuresOfTier, type PoolShape, tierId } from './shape.ts';

/** Who fills the pool. */
export const ADMIN: Call = { identity: { kind: 'root' }, requestId: 'bench', peerAddress: '127.0.0.1' };

/** Batches of one tier wait for each other, so each is of another; more would fill the database's cache. */
const TIERS_AT_ONCE = 4;
/** Checked on every draw, never reached. */
const LIMIT = { limit: 1_000_000_000, windowMs: 60_000, algorithm: 'sliding', guardMs: null } as const;

/** A tier with the ids of some of its keys. */
export interface FilledTier {
  readonly tier: Tier;
  readonly keyIds: readonly string[];
}

/** Every tier with its share of the keys, under a limit and a budget that each draw counts in. */
export async function addTiers(context: Context, shape: PoolShape): Promise<readonly FilledTier[]> {
  const filled = new Map<number, FilledTier>();
  const indexes = Array.from({ length: shape.tiers }, (_, index) => index);
  await atOnce(TIERS_AT_ONCE, indexes, async (index) => {
    const features = featuresOfTier(shape, index).map((name) => ({ name, limits: [LIMIT] }));
    const tier = await createTier(context, ADMIN, { id: tierId(index), description: '', features });
    const share = Math.ceil(shape.keys / shape.tiers);
    filled.set(index, { tier, keyIds: await addKeys(context, tier.id, share) });
  });
  return indexes.flatMap((index) => filled.get(index) ?? []);
}
