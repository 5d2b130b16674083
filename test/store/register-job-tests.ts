import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WELL } from '../../src/model/key.ts';
import { meterId } from '../../src/model/meter.ts';
import { drawMany, drawn, drawOne, kinds } from '../support/drawing.ts';
import { assertPlaced, feature, finishJobs } from '../support/jobs.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, editFeatures, eventOf, same } from '../support/store-rows.ts';

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

    it('has keys forget what was learned of the limits of a removed feature', async (t) => {
      const { store } = await useStore(t, makeStore);
      const limit = limitOf('sliding', 10, 3_600_000);
      await addTier(store, { a: [limit], b: [limit] });
      const learned = { [meterId(limit)]: { units: 4, since: store.now(), easeMs: 3_600_000 } };
      const [key] = await addKeys(store, 'tier', [
        { health: { ...WELL, learned: { a: learned, b: learned } } },
      ]);
      await editFeatures(store, 'tier', [feature('a', limit)]);
      await finishJobs(store);
      assert.deepEqual((await store.getKey(key?.id ?? ''))?.health.learned, { a: learned });
    });
  });

  registerFeatureEndTests(name, makeStore);
}

function registerFeatureEndTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: an edit of a tier's features`, () => {
    it('is seen by every row once the job is done: takes that know only the older features are refused', async (t) => {
      const { store } = await useStore(t, makeStore);
      const old = await addTier(store, { a: [], b: [] });
      await addKeys(store, 'tier', same(3));
      const edited = await editFeatures(store, 'tier', [feature('a', limitOf('sliding', 1, 3_600_000))]);
      await finishJobs(store);
      assert.deepEqual(await drawOne(store, [old], 'a'), { kind: 'stale', tierId: 'tier' });
      assert.deepEqual(kinds(await drawMany(store, [edited], 'a', 5)), { drawn: 3, exhausted: 2 });
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
}
