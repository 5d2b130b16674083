import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { deleteTier } from '../../src/domain/delete-tier.ts';
import { etagOf } from '../../src/domain/etag.ts';
import { getTier } from '../../src/domain/get-tier.ts';
import { listTiers } from '../../src/domain/list-tiers.ts';
import { updateTier } from '../../src/domain/update-tier.ts';
import type { Limit } from '../../src/model/tier.ts';
import { limitOf, newKey, newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';
import { refused, refusedFields } from './refusals.ts';

describe('a tier', () => {
  it('is created once, and read as created', async (t) => {
    const { context, root } = await openDomain(t);
    const tier = await createTier(context, root, newTier());
    assert.deepEqual(await getTier(context, root, { id: 'basic' }), tier);
    assert.equal(tier.revision, tier.createdAt);
    await refused(createTier(context, root, newTier()), 'TIER_EXISTS');
    await refused(getTier(context, root, { id: 'other' }), 'TIER_NOT_FOUND');
  });

  it('changes only in what an update names, and counts on', async (t) => {
    const { context, root, clock } = await openDomain(t);
    const tier = await createTier(context, root, newTier({ description: 'as it was' }));
    clock.advance(1000);
    const features = [{ name: 'search', limits: [] }];
    const updated = await updateTier(context, root, { id: 'basic', etag: null, changes: { features } });
    assert.deepEqual(updated, {
      ...tier,
      features,
      revision: tier.revision + 1,
      updatedAt: tier.updatedAt + 1000,
    });
  });

  it('stays as it is, with its etag, when an update changes nothing', async (t) => {
    const { context, root, clock } = await openDomain(t);
    const tier = await createTier(context, root, newTier());
    clock.advance(1000);
    const changes = { description: tier.description, features: newTier().features };
    assert.deepEqual(await updateTier(context, root, { id: 'basic', etag: null, changes }), tier);
    const events = await context.store.listAdminEvents({}, { after: null, limit: 10 });
    assert.equal(events.items.length, 1);
  });

  it('refuses an update or a delete with an etag that is no longer its own', async (t) => {
    const { context, root } = await openDomain(t);
    const tier = await createTier(context, root, newTier());
    const etag = etagOf(tier.revision);
    await updateTier(context, root, { id: 'basic', etag, changes: { description: 'new' } });
    const stale = { id: 'basic', etag, changes: { description: 'newer' } };
    await refused(updateTier(context, root, stale), 'ETAG_MISMATCH');
    await refused(deleteTier(context, root, { id: 'basic', etag }), 'ETAG_MISMATCH');
    assert.equal((await getTier(context, root, { id: 'basic' })).description, 'new');
  });

  it('is deleted only when it has no keys', async (t) => {
    const { context, root } = await openDomain(t);
    await createTier(context, root, newTier());
    await createKey(context, root, { tierId: 'basic', key: newKey() });
    await refused(deleteTier(context, root, { id: 'basic', etag: null }), 'TIER_NOT_EMPTY');
    await createTier(context, root, newTier({ id: 'empty' }));
    await deleteTier(context, root, { id: 'empty', etag: null });
    await refused(deleteTier(context, root, { id: 'empty', etag: null }), 'TIER_NOT_FOUND');
  });

  it('is refused with every bad field at once', async (t) => {
    const { context, root } = await openDomain(t);
    const limits: readonly Limit[] = [
      limitOf({ limit: 0, windowMs: 99 }),
      limitOf({ guardMs: 40 }),
      limitOf({ windowMs: 1000, guardMs: 1001 }),
      limitOf({ windowMs: 1000 }),
    ];
    const features = [
      { name: 'scrape', limits },
      { name: 'scrape', limits: [] },
      { name: 'No!', limits: [] },
    ];
    const description = 'x'.repeat(2001);
    assert.deepEqual(await refusedFields(createTier(context, root, { id: 'A', description, features })), [
      'tier.id',
      'tier.description',
      'tier.features[0].limits[0].limit',
      'tier.features[0].limits[0].window',
      'tier.features[0].limits[1].guard',
      'tier.features[0].limits[2].guard',
      'tier.features[0].limits[3]',
      'tier.features[2].name',
      'tier.features[1].name',
    ]);
    assert.deepEqual((await listTiers(context, root, { pageSize: 0, pageToken: '' })).items, []);
  });

  it('has at least one feature, in an update too', async (t) => {
    const { context, root } = await openDomain(t);
    assert.deepEqual(await refusedFields(createTier(context, root, newTier({ features: [] }))), [
      'tier.features',
    ]);
    await createTier(context, root, newTier());
    const update = updateTier(context, root, { id: 'basic', etag: null, changes: { features: [] } });
    assert.deepEqual(await refusedFields(update), ['tier.features']);
  });

  it('is listed by id, page by page, and a foreign page token is refused', async (t) => {
    const { context, root } = await openDomain(t);
    for (const id of ['c', 'a', 'b']) await createTier(context, root, newTier({ id }));
    const first = await listTiers(context, root, { pageSize: 2, pageToken: '' });
    const second = await listTiers(context, root, { pageSize: 2, pageToken: first.next ?? '' });
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    assert.deepEqual([ids, second.next], [['a', 'b', 'c'], null]);
    const foreign = listTiers(context, root, { pageSize: 2, pageToken: 'made up' });
    assert.deepEqual(await refusedFields(foreign), ['pageToken']);
    assert.deepEqual(await refusedFields(listTiers(context, root, { pageSize: 1001, pageToken: '' })), [
      'pageSize',
    ]);
  });
});
