import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany, drawn, drawOne, queuesOf } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';

export function registerAvailabilityTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: availability`, () => {
    it('counts the keys that could serve now, beside all keys of the tiers in whatever condition', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 1, 3_600_000)] });
      const other = await addTier(store, { a: [], b: [] }, 'other');
      await addKeys(store, 'tier', [...same(3), { state: 'disabled' }]);
      await addKeys(store, 'other', [...same(2), { budgets: [{ ...budgetOf(1), used: 1 }] }]);
      const queues = queuesOf([tier, other], 'a');
      const all = { available: 5, total: 7, capped: false, nextAt: null };
      assert.deepEqual(await store.availability(queues, 1000), all);
      await drawMany(store, [tier], 'a', 2);
      assert.deepEqual(await store.availability(queues, 1000), { ...all, available: 3 });
    });

    it('names the earliest moment when none could serve, and counts again when that has come', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 1, windowMs)] });
      await addKeys(store, 'tier', same(2));
      const results = drawn(await drawMany(store, [tier], 'a', 2));
      const queues = queuesOf([tier], 'a');
      const spent = await store.availability(queues, 1000);
      assert.deepEqual([spent.available, spent.total], [0, 2]);
      const refused = await drawOne(store, [tier], 'a');
      assert.ok(refused.kind === 'exhausted' && spent.nextAt === refused.nextAt);
      assert.ok(results.every(({ at }) => spent.nextAt !== null && spent.nextAt > at + windowMs));
      await waitUntil(store, refused.nextAt + windowMs);
      assert.deepEqual(await store.availability(queues, 1000), {
        available: 2,
        total: 2,
        capped: false,
        nextAt: null,
      });
    });

    it('counts to its cap and says so', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(12));
      const queues = queuesOf([tier], 'a');
      assert.deepEqual(await store.availability(queues, 10), {
        available: 10,
        total: 10,
        capped: true,
        nextAt: null,
      });
      assert.deepEqual(await store.availability(queues, 12), {
        available: 12,
        total: 12,
        capped: false,
        nextAt: null,
      });
    });

    it('names no moment where waiting does not help', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const none = await store.availability(queuesOf([tier], 'a'), 1000);
      assert.deepEqual(none, { available: 0, total: 0, capped: false, nextAt: null });
      await addKeys(store, 'tier', [{ state: 'disabled' }, { budgets: [{ ...budgetOf(1), used: 1 }] }]);
      const spent = await store.availability(queuesOf([tier], 'a'), 1000);
      assert.deepEqual([spent.available, spent.total, spent.nextAt], [0, 2, null]);
    });
  });
}
