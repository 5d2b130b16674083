import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tierOf } from '../support/key-state.ts';
import { listAll } from '../support/listing.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier, consumerOf, editFeatures, eventOf } from '../support/store-rows.ts';

export function registerTierTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a tier`, () => {
    it('is read as it was created', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = {
        ...tierOf({ a: [limitOf('sliding', 5, 1000, 200), limitOf('fixed', 9, 60_000)], 'b:c_d-e': [] }),
        description: 'Größe ≤ 5 "quoted" $price a.b',
        createdAt: 12,
        updatedAt: 34,
      };
      await store.createTier(tier, eventOf('CreateTier'));
      assert.deepEqual(await store.getTier('tier'), tier);
      assert.equal(await store.getTier('other'), null);
    });

    it('cannot be created twice, and the first stays as it is', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await assert.rejects(addTier(store, { b: [] }), { name: 'StoreError', kind: 'exists' });
      assert.deepEqual(await store.getTier('tier'), tier);
    });

    it('is listed by id, in pages that miss and repeat none', async (t) => {
      const { store } = await useStore(t, makeStore);
      for (const id of ['d', 'b_1', 'a', 'c-2', 'b']) await addTier(store, { a: [] }, id);
      for (const limit of [1, 2, 5, 1000]) {
        const tiers = await listAll((page) => store.listTiers(page), limit);
        assert.deepEqual(
          tiers.map(({ id }) => id),
          ['a', 'b', 'b_1', 'c-2', 'd'],
        );
      }
      assert.equal((await store.listTiers({ after: null, limit: 5 })).next, null);
    });

    it('is edited as the callback says, which sees it as it stands', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const edited = await store.editTier('tier', (before) => {
        assert.deepEqual(before, tier);
        return { row: { ...before, description: 'new', revision: 2 }, event: eventOf('UpdateTier') };
      });
      assert.deepEqual(edited, { ...tier, description: 'new', revision: 2 });
      assert.deepEqual(await store.getTier('tier'), edited);
    });
  });

  registerTierLifeTests(name, makeStore);
}

function registerTierLifeTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a tier`, () => {
    it('keeps every one of many edits at the same time', async (t) => {
      const { openMany } = await useStore(t, makeStore).then(async (opened) => {
        await addTier(opened.store, { a: [] });
        await opened.store.close();
        return opened;
      });
      const stores = await openMany(2);
      const edits = Array.from({ length: 20 }, (_, i) =>
        stores[i % stores.length]?.editTier('tier', (tier) => ({
          row: { ...tier, revision: tier.revision + 1, description: `${tier.description}.` },
          event: eventOf('UpdateTier'),
        })),
      );
      await Promise.all(edits);
      const after = await stores[0]?.getTier('tier');
      assert.deepEqual([after?.revision, after?.description], [21, '.'.repeat(20)]);
    });

    it('that is not there can be neither edited nor deleted', async (t) => {
      const { store } = await useStore(t, makeStore);
      const missing = { name: 'StoreError', kind: 'not-found' };
      await assert.rejects(editFeatures(store, 'tier', []), missing);
      await assert.rejects(
        store.deleteTier('tier', () => eventOf('DeleteTier')),
        missing,
      );
    });

    it('that has keys is not deleted', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      const deleteIt = () => store.deleteTier('tier', () => eventOf('DeleteTier'));
      await assert.rejects(deleteIt(), { name: 'StoreError', kind: 'not-empty' });
      assert.notEqual(await store.getTier('tier'), null);
      await store.deleteKey(key.id, () => eventOf('DeleteKey'));
      await deleteIt();
      assert.equal(await store.getTier('tier'), null);
    });

    it('takes the grants to it along when it is deleted, and can be made again', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addTier(store, { a: [] }, 'stays');
      const consumer = consumerOf({ grantedTierIds: ['stays', 'tier'] });
      await store.createConsumer(consumer, eventOf('CreateConsumer'));
      await store.deleteTier('tier', () => eventOf('DeleteTier'));
      assert.deepEqual((await store.getConsumer(consumer.id))?.grantedTierIds, ['stays']);
      await addTier(store, { b: [] });
      assert.deepEqual((await store.getConsumer(consumer.id))?.grantedTierIds, ['stays']);
    });

    it('is there after the store was closed and opened again', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 5, 1000)] });
      await store.close();
      assert.deepEqual(await (await open()).getTier('tier'), tier);
    });
  });
}
