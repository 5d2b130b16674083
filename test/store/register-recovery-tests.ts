import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RECOVERY_GRACE_MS } from '../../src/model/key.ts';
import { drawMany, drawn, perKey } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { usageEvents } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editKey, same } from '../support/store-rows.ts';

const OPEN_TAKE_MS = 1000;

export function registerRecoveryTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: recovery`, () => {
    it('finds nothing where nothing is open', async (t) => {
      const { store } = await useStore(t, makeStore);
      assert.equal(await store.recoverOpenTakes(100), 0);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(3));
      await drawMany(store, [tier], 'a', 9);
      assert.equal(await store.recoverOpenTakes(100), 0);
    });

    it('settles the takes of a store that has gone to what was really served, once', async (t) => {
      const { store, open, waitUntil } = await useStore(t, makeStore, { openTakeMs: OPEN_TAKE_MS });
      const tier = await addTier(store, { a: [] });
      const keys = await addKeys(
        store,
        'tier',
        same(5, { budgets: [budgetOf(100), budgetOf(90, 3_600_000)] }),
      );
      const served = drawn(await drawMany(store, [tier], 'a', 20));
      const drawnOf = perKey(served, keys);
      const end = store.now() + OPEN_TAKE_MS + RECOVERY_GRACE_MS;
      await store.close();
      const other = await open({ openTakeMs: OPEN_TAKE_MS });
      await waitUntil(other, end + 200);
      let settled = 0;
      for (let n = await other.recoverOpenTakes(2); n > 0; n = await other.recoverOpenTakes(2)) {
        assert.ok(n <= 2);
        settled += n;
      }
      assert.ok(settled <= 5);
      for (const { id } of keys) {
        const key = await other.getKey(id);
        assert.deepEqual(key?.open, []);
        assert.deepEqual(
          key?.budgets.map(({ used }) => used),
          [drawnOf.get(id), drawnOf.get(id)],
        );
      }
      assert.equal((await usageEvents(other)).length, served.length);
    });

    it('leaves a key that was edited meanwhile as it was edited', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore, { openTakeMs: OPEN_TAKE_MS });
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(10)] });
      await drawMany(store, [tier], 'a', 4);
      await editKey(store, key.id, (row) => ({
        state: 'disabled',
        epoch: row.epoch + 1,
        budgets: [{ ...budgetOf(10), used: 0, epoch: row.epoch + 1 }],
      }));
      await waitUntil(store, store.now() + OPEN_TAKE_MS + RECOVERY_GRACE_MS + 200);
      while ((await store.recoverOpenTakes(10)) > 0);
      const after = await store.getKey(key.id);
      assert.deepEqual(
        [after?.state, after?.ready, after?.due, after?.budgets[0]?.used],
        ['disabled', {}, {}, 0],
      );
    });
  });
}
