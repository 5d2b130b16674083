import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawAll, drawMany, drawn, drawOf, mustDraw } from '../support/drawing.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, editKey, eventOf, same } from '../support/store-rows.ts';
import { addTierWith } from '../support/tier-policies.ts';

const HOUR_MS = 3_600_000;

export function registerAffinityTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: draws of one affinity`, () => {
    it('get the same key while it can serve, also after a restart', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(5));
      const affine = () => mustDraw(store, [tier], 'a', { affinity: 'x' });
      const { keyId } = await affine();
      for (let i = 0; i < 6; i++) {
        await mustDraw(store, [tier], 'a');
        assert.equal((await affine()).keyId, keyId);
      }
      await store.close();
      const again = await open();
      assert.equal((await mustDraw(again, [tier], 'a', { affinity: 'x' })).keyId, keyId);
    });

    it('that are of different ones go to different keys', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(4));
      const draws = ['w', 'x', 'y', 'z'].map((affinity) => drawOf([tier], 'a', { affinity }));
      const results = drawn(await drawAll(store, [...draws, ...draws]));
      const keyIds = results.map(({ keyId }) => keyId);
      assert.equal(new Set(keyIds).size, 4);
      assert.deepEqual(keyIds.slice(4), keyIds.slice(0, 4));
    });

    it('go to one key in one round as far as it can serve, and then to another', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 5, HOUR_MS)] });
      await addKeys(store, 'tier', same(3));
      const first = await mustDraw(store, [tier], 'a', { affinity: 'x' });
      const results = drawn(await drawMany(store, [tier], 'a', 7, { affinity: 'x' }));
      const keyIds = [...new Set(results.map(({ keyId }) => keyId))];
      assert.equal(keyIds.length, 2);
      assert.equal(results.filter(({ keyId }) => keyId === first.keyId).length, 4);
      const next = await mustDraw(store, [tier], 'a', { affinity: 'x' });
      assert.notEqual(next.keyId, first.keyId);
      assert.ok(keyIds.includes(next.keyId));
    });

    it('go on from key to key where each has little, and stay together where tiers take turns', async (t) => {
      const { store } = await useStore(t, makeStore);
      const limits = [limitOf('sliding', 1, HOUR_MS)];
      const small = await addTierWith(store, {}, { id: 'small', limits });
      const keys = await addKeys(store, 'small', same(40));
      const results = drawn(await drawMany(store, [small], 'a', 40, { affinity: 'x' }));
      assert.deepEqual(
        results.map(({ keyId }) => keyId).toSorted(),
        keys.map(({ id }) => id),
      );
      const filled = await addTierWith(store, { strategy: 'fill_first' }, { id: 'filled' });
      const plain = await addTierWith(store, {}, { id: 'plain' });
      await addKeys(store, 'filled', same(1));
      await addKeys(store, 'plain', same(1));
      const together = drawn(await drawMany(store, [filled, plain], 'a', 9, { affinity: 'y' }));
      assert.deepEqual([together.length, new Set(together.map(({ keyId }) => keyId)).size], [9, 1]);
    });

    it('move when their key is disabled or deleted, and stay there', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(3));
      const affine = async () => (await mustDraw(store, [tier], 'a', { affinity: 'x' })).keyId;
      const first = await affine();
      await editKey(store, first, () => ({ state: 'disabled' }));
      const second = await affine();
      assert.notEqual(second, first);
      await editKey(store, first, () => ({ state: 'active' }));
      assert.deepEqual([await affine(), await affine()], [second, second]);
      await store.deleteKey(second, () => eventOf('DeleteKey', { resourceType: 'key', resourceId: second }));
      const third = await affine();
      assert.notEqual(third, second);
      assert.equal(await affine(), third);
    });

    it('move when the tier of their key may not be used, or none of its keys can', async (t) => {
      const { store } = await useStore(t, makeStore);
      const limits = [limitOf('sliding', 2, HOUR_MS)];
      const one = await addTierWith(store, {}, { id: 'one', limits });
      const two = await addTierWith(store, { priority: 1 }, { id: 'two', limits: [] });
      await addKeys(store, 'one', same(1));
      await addKeys(store, 'two', same(2));
      const affine = async (tiers = [one, two]) => {
        const { tierId, keyId } = await mustDraw(store, tiers, 'a', { affinity: 'x' });
        return `${tierId} ${keyId}`;
      };
      const first = await affine();
      assert.match(first, /^one /);
      assert.equal(await affine(), first);
      const second = await affine();
      assert.match(second, /^two /);
      assert.equal(await affine([two]), second);
      assert.equal(await affine(), second);
    });

    it('agree on one key when the first ones race, in several processes too', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(3);
      const store = stores[0] ?? assert.fail('a store is open');
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(8));
      for (const affinity of ['u', 'v', 'w', 'x', 'y', 'z']) {
        const results = await Promise.all(stores.map((one) => drawMany(one, [tier], 'a', 4, { affinity })));
        const keyIds = drawn(results.flat()).map(({ keyId }) => keyId);
        assert.equal(keyIds.length, 4 * stores.length);
        assert.equal(new Set(keyIds).size, 1);
      }
    });
  });
}
