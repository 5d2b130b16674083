import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany, drawn, mustDraw } from '../support/drawing.ts';
import { equalKeys } from '../support/equal-keys.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier } from '../support/store-rows.ts';

export function registerRotationTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a drawn key`, () => {
    it('comes with what its consumer needs', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', {
        value: 'upstream-value-1',
        secrets: { 'SAS.token': 'upstream-secret-1' },
        metadata: { region: 'eu' },
        expireAt: 9e12,
      });
      const result = await mustDraw(store, [tier], 'a');
      const { drawId, at, leaveBy, ...rest } = result;
      assert.deepEqual(rest, {
        kind: 'drawn',
        keyId: key.id,
        keyName: key.name,
        tierId: 'tier',
        value: key.value,
        secrets: key.secrets,
        metadata: key.metadata,
        expireAt: key.expireAt,
        replayed: false,
      });
      assert.match(drawId, /^[^.]+\.\d+$/);
      assert.equal(leaveBy, Infinity);
      assert.equal((await store.getKey(key.id))?.takenAt, at);
    });

    it('is the least recently used one, over all tiers of the draw', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { tiers, keys } = await equalKeys(store, 3, 6);
      const order: string[] = [];
      for (let i = 0; i < 18; i++) order.push((await mustDraw(store, tiers, 'a')).keyId);
      assert.deepEqual(new Set(order.slice(0, 6)), new Set(keys.map(({ id }) => id)));
      assert.deepEqual(order.slice(6), [...order.slice(0, 6), ...order.slice(0, 6)]);
    });

    it('is in its own turn in the queue of each feature', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { tiers, keys } = await equalKeys(store, 1, 3);
      for (const feature of ['a', 'b', 'a', 'b', 'a', 'b']) {
        const turn = (await store.getKey((await mustDraw(store, tiers, feature)).keyId))?.lastRank;
        assert.ok(turn?.[`tier-0|${feature as 'a'}`] !== undefined);
      }
      for (const { id } of keys)
        assert.equal(Object.keys((await store.getKey(id))?.lastRank ?? {}).length, 2);
    });

    it('that is new comes before all that were used', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { tiers } = await equalKeys(store, 1, 3);
      for (let i = 0; i < 5; i++) await mustDraw(store, tiers, 'a');
      const fresh = await addKey(store, 'tier-0');
      assert.equal((await mustDraw(store, tiers, 'a')).keyId, fresh.id);
    });

    it('of a tier that the draw may not use is passed over', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { tiers } = await equalKeys(store, 3, 9);
      const served = drawn(await drawMany(store, tiers.slice(1), 'a', 30));
      assert.equal(served.length, 30);
      assert.ok(served.every(({ tierId }) => tierId !== 'tier-0'));
    });
  });
}
