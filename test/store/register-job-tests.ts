import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Job } from '../../src/model/job.ts';
import { placesOf } from '../../src/model/place.ts';
import type { Feature } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany, drawn, drawOne, kinds } from '../support/drawing.ts';
import { listAll } from '../support/listing.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, editFeatures, eventOf, same } from '../support/store-rows.ts';

const feature = (name: string, ...limits: Feature['limits']): Feature => ({ name, limits });

/** Works until no job is left; fails when that takes too many steps. */
async function finishJobs(store: Store, batch = 1000): Promise<Job[]> {
  const steps: Job[] = [];
  for (let job = await store.runJobStep(batch); job !== null; job = await store.runJobStep(batch)) {
    steps.push(job);
    assert.ok(steps.length < 1000, 'jobs come to an end');
  }
  return steps;
}

/** Every key stands where its row, worked out anew, would put it. */
async function assertPlaced(store: Store): Promise<number> {
  const tier = (await store.getTier('tier')) ?? assert.fail('the tier is there');
  const keys = await listAll((page) => store.listKeys({ tierId: 'tier' }, page));
  for (const key of keys) {
    const { ready, due } = placesOf(key, tier, store.now());
    assert.deepEqual([key.ready, key.due], [ready, due]);
    assert.equal(key.placed, tier.revision);
  }
  return keys.length;
}

export function registerJobTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: an edit of a tier's features`, () => {
    it('places all keys for an added feature, batch by batch', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(10));
      const tier = await editFeatures(store, 'tier', [feature('a'), feature('b')]);
      assert.deepEqual(
        (await store.listJobs()).map(({ state, tierId, revision }) => [state, tierId, revision]),
        [['running', 'tier', 2]],
      );
      const steps = await finishJobs(store, 4);
      assert.deepEqual(
        steps.map(({ done }) => done).filter((done) => done > 0),
        steps
          .map(({ done }) => done)
          .filter((done) => done > 0)
          .toSorted((a, b) => a - b),
      );
      assert.deepEqual([steps.at(-1)?.state, steps.at(-1)?.done, steps.at(-1)?.total], ['done', 10, 10]);
      assert.deepEqual(
        (await store.listJobs()).map(({ state }) => state),
        ['done'],
      );
      assert.equal(await assertPlaced(store), 10);
      assert.equal(drawn(await drawMany(store, [tier], 'b', 10)).length, 10);
    });

    it('serves a raised limit at once after it, and refuses at once under a lowered one', async (t) => {
      const { store } = await useStore(t, makeStore);
      const old = await addTier(store, { a: [limitOf('sliding', 2, 3_600_000)] });
      await addKeys(store, 'tier', same(2));
      assert.deepEqual(kinds(await drawMany(store, [old], 'a', 5)), { drawn: 4, exhausted: 1 });
      const raised = await editFeatures(store, 'tier', [feature('a', limitOf('sliding', 3, 3_600_000))]);
      await finishJobs(store);
      assert.deepEqual(kinds(await drawMany(store, [raised], 'a', 5)), { drawn: 2, exhausted: 3 });
      const lowered = await editFeatures(store, 'tier', [feature('a', limitOf('sliding', 1, 3_600_000))]);
      assert.equal((await drawOne(store, [lowered], 'a')).kind, 'exhausted');
    });

    it('takes all keys out of the queue of a removed feature', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [], b: [limitOf('sliding', 1, 3_600_000)] });
      await addKeys(store, 'tier', same(5));
      await editFeatures(store, 'tier', [feature('a')]);
      await finishJobs(store, 2);
      assert.equal(await assertPlaced(store), 5);
    });

    it('needs no job where the features stay as they are', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(3));
      await store.editTier('tier', (tier) => ({
        row: { ...tier, description: 'new', revision: tier.revision + 1 },
        event: eventOf('UpdateTier'),
      }));
      assert.equal(await store.runJobStep(10), null);
      assert.deepEqual(await store.listJobs(), []);
    });
  });

  registerInterruptedJobTests(name, makeStore);
}

function registerInterruptedJobTests(name: string, makeStore: StoreFactory): void {
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
