import type { Limit, Tier } from '../../src/model/tier.ts';
import type { TierPolicy } from '../../src/model/tier-policy.ts';
import type { Store } from '../../src/store/port.ts';
import { tierOf } from './key-state.ts';
import { eventOf } from './store-rows.ts';

/** Creates a tier with feature `a`, and a policy that is plain but for what is said. */
export async function addTierWith(
  store: Store,
  policy: Partial<TierPolicy>,
  { id = 'tier', limits = [] }: { readonly id?: string; readonly limits?: readonly Limit[] } = {},
): Promise<Tier> {
  const plain = tierOf({ a: limits }, id);
  const tier = { ...plain, policy: { ...plain.policy, ...policy } };
  await store.createTier(tier, eventOf('CreateTier', { resourceId: id }));
  return tier;
}

/** Changes a tier's policy, as an admin would. */
export function editPolicy(store: Store, id: string, policy: Partial<TierPolicy>): Promise<Tier> {
  return store.editTier(id, (tier) => ({
    row: {
      ...tier,
      policy: { ...tier.policy, ...policy },
      revision: tier.revision + 1,
      updatedAt: tier.updatedAt + 1,
    },
    event: eventOf('UpdateTier', { resourceId: id }),
  }));
}
