import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getAvailability } from '../../src/domain/get-availability.ts';
import { limitOf, newKey, newTier } from './examples.ts';
import { callOf } from './open-domain.ts';
import { draw, openPool } from './open-pool.ts';
import { refused } from './refusals.ts';

const SCRAPE = { feature: 'scrape' };
const ONE_A_MINUTE = newTier({ features: [{ name: 'scrape', limits: [limitOf({ limit: 1 })] }] });

describe('availability', () => {
  it('counts the keys that the caller could draw now, over its tiers', async (t) => {
    const tiers = [newTier(), newTier({ id: 'other' })];
    const keys = [newKey(), newKey({ state: 'disabled' }), { ...newKey(), tierId: 'other' }];
    const { context, root, consumer, caller } = await openPool(t, { tiers, keys });
    const counted = { available: 2, total: 3, capped: false, nextAt: null };
    assert.deepEqual(await getAvailability(context, caller, SCRAPE), counted);
    assert.deepEqual(await getAvailability(context, root, SCRAPE), counted);
    const fewer = callOf({ ...consumer, grantedTierIds: ['other'] });
    assert.deepEqual(await getAvailability(context, fewer, SCRAPE), { ...counted, available: 1, total: 1 });
  });

  it('tells the moment of the next key when none is available: that at which a draw is served', async (t) => {
    const { context, clock, caller } = await openPool(t, { tiers: [ONE_A_MINUTE] });
    await draw(context, caller);
    const { available, nextAt } = await getAvailability(context, caller, SCRAPE);
    assert.equal(available, 0);
    const { retryAfterMs } = await refused(draw(context, caller), 'POOL_EXHAUSTED');
    assert.equal(nextAt, context.store.now() + (retryAfterMs ?? 0));
    clock.advance(retryAfterMs ?? 0);
    assert.equal((await getAvailability(context, caller, SCRAPE)).available, 1);
  });

  it('is refused as a draw is', async (t) => {
    const { context, root, caller } = await openPool(t);
    await refused(getAvailability(context, caller, { feature: 'nowhere' }), 'FEATURE_NOT_GRANTED');
    await refused(getAvailability(context, root, { feature: 'nowhere' }), 'FEATURE_NOT_FOUND');
    await context.store.close();
    await refused(getAvailability(context, caller, SCRAPE), 'STORE_UNAVAILABLE');
  });
});
