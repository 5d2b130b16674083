import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany } from '../support/drawing.ts';
import { assertPlaced, feature, finishJobs } from '../support/jobs.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, editFeatures, eventOf, same } from '../support/store-rows.ts';

export function registerInterruptedJobTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a job`, () => {
    it('that was interrupted goes on where it was', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(10));
      await editFeatures(store, 'tier', [feature('a'), feature('b')]);
      assert.equal((await store.runJobStep(4))?.done, 4);
      await store.close();
      const again = await open();
      assert.deepEqual(
        (await again.listJobs()).map(({ state, done }) => [state, done]),
        [['running', 4]],
      );
      assert.ok((await finishJobs(again, 4)).every(({ done }) => done > 4));
      assert.equal(await assertPlaced(again), 10);
    });

    it('that is overtaken by another edit of the tier is replaced', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(10));
      await editFeatures(store, 'tier', [feature('a'), feature('b')]);
      await store.runJobStep(4);
      await editFeatures(store, 'tier', [feature('a'), feature('c')]);
      const running = (await store.listJobs()).filter(({ state }) => state === 'running');
      assert.deepEqual(
        running.map(({ revision }) => revision),
        [3],
      );
      await finishJobs(store, 4);
      assert.equal(await assertPlaced(store), 10);
    });
  });

  registerSharedJobTests(name, makeStore);
}

function registerSharedJobTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a job`, () => {
    it('orphans none of the keys that are created, drawn and edited while it runs', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [], old: [] });
      await addKeys(store, 'tier', same(20));
      const [tier] = await Promise.all([
        editFeatures(store, 'tier', [feature('a'), feature('b')]),
        ...Array.from({ length: 5 }, () => addKeys(store, 'tier', same(2))),
      ]);
      for (let i = 0; i < 5; i++)
        await Promise.all([
          store.runJobStep(5),
          addKeys(store, 'tier', same(2)),
          drawMany(store, [tier], 'a', 4),
        ]);
      await finishJobs(store, 5);
      assert.equal(await assertPlaced(store), 40);
    });

    it('of a small tier does not wait behind a big one', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addTier(store, { a: [] }, 'small');
      await addKeys(store, 'tier', same(40));
      await addKeys(store, 'small', same(2));
      await editFeatures(store, 'tier', [feature('b')]);
      await editFeatures(store, 'small', [feature('b')]);
      const steps = await finishJobs(store, 4);
      assert.ok(steps.findIndex(({ tierId, state }) => tierId === 'small' && state === 'done') < 6);
      assert.equal(steps.filter(({ state }) => state === 'done').length, 2);
    });

    it('is done once where several stores work on it', async (t) => {
      const { store, openMany } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(30));
      await editFeatures(store, 'tier', [feature('a'), feature('b')]);
      await store.close();
      const stores = await openMany(3);
      await Promise.all(stores.map((one) => finishJobs(one, 4)));
      assert.equal(await assertPlaced(stores[0] ?? assert.fail('one is open')), 30);
    });

    it('of a tier that is deleted goes with it', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await editFeatures(store, 'tier', [feature('b')]);
      await store.deleteTier('tier', () => eventOf('DeleteTier'));
      assert.deepEqual(
        await finishJobs(store).then((steps) => steps.filter(({ state }) => state !== 'done')),
        [],
      );
    });
  });
}
