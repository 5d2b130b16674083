import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardMs, type Tier } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { drawInRounds, drawMany, drawn, drawOf, drawOne, kinds, perKey } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, editKey, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;

/** Waits until the store knows that nothing can come back: a spent key waits while a take of it is open. */
function emptied(store: Store, tiers: readonly Tier[], feature: string): Promise<true> {
  return eventually('the pool is known to be empty', async () => {
    await store.recoverOpenTakes(1000);
    return (await drawOne(store, tiers, feature)).kind === 'empty' ? true : null;
  });
}

export function registerBudgetTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a lifetime budget`, () => {
    it('ends exactly at its limit, and then waiting does not help', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const keys = await addKeys(store, 'tier', same(4, { budgets: [budgetOf(25)] }));
      const draws = Array.from({ length: 130 }, () => drawOf([tier], 'a'));
      const results = await drawInRounds([store], draws, 16);
      assert.deepEqual([...perKey(results, keys).values()], [25, 25, 25, 25]);
      await emptied(store, [tier], 'a');
      for (const { id } of keys) assert.equal((await store.getKey(id))?.budgets[0]?.used, 25);
    });

    it('is shared by all features of its key: spent through one, it moves the places of the others', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [], b: [limitOf('sliding', 9, HOUR_MS)], c: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(3)] });
      await drawMany(store, [tier], 'b', 1);
      await drawMany(store, [tier], 'a', 2);
      assert.deepEqual((await store.getKey(key.id))?.ready, {});
      await emptied(store, [tier], 'c');
      const after = await store.getKey(key.id);
      assert.deepEqual([after?.ready, after?.due, after?.budgets[0]?.used], [{}, {}, 3]);
    });

    it('of 2^53 - 1 units counts to the last one', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const used = Number.MAX_SAFE_INTEGER - 2;
      const key = await addKey(store, 'tier', { budgets: [{ ...budgetOf(Number.MAX_SAFE_INTEGER), used }] });
      assert.equal(drawn(await drawMany(store, [tier], 'a', 5)).length, 2);
      assert.equal((await store.getKey(key.id))?.budgets[0]?.used, Number.MAX_SAFE_INTEGER);
    });

    it('serves again when it is raised or reset', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(2)] });
      assert.equal(drawn(await drawMany(store, [tier], 'a', 3)).length, 2);
      await editKey(store, key.id, (row) => ({ budgets: row.budgets.map((b) => ({ ...b, limit: 3 })) }));
      assert.equal(drawn(await drawMany(store, [tier], 'a', 3)).length, 1);
      await editKey(store, key.id, (row) => ({
        epoch: row.epoch + 1,
        budgets: row.budgets.map((b) => ({ ...b, used: 0, epoch: row.epoch + 1 })),
      }));
      assert.equal(drawn(await drawMany(store, [tier], 'a', 9)).length, 3);
    });
  });

  registerWindowedBudgetTests(name, makeStore);
}

function registerWindowedBudgetTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a budget with a window`, () => {
    it('is refilled a guard after its window, which starts at its first unit', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [], b: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(3, windowMs)] });
      const first = await drawMany(store, [tier], 'a', 5);
      assert.deepEqual(kinds(first), { drawn: 3, exhausted: 2 });
      const nextAt = (drawn(first)[0]?.at ?? 0) + windowMs + guardMs({ windowMs });
      assert.deepEqual(await drawOne(store, [tier], 'b'), { kind: 'exhausted', nextAt });
      await waitUntil(store, nextAt + 50);
      const second = drawn(await drawMany(store, [tier], 'b', 5));
      assert.equal(second.length, 3);
      assert.ok(second.every(({ at }) => at >= nextAt));
      const [budget] = (await store.getKey(key.id))?.budgets ?? [];
      assert.deepEqual([budget?.used, budget?.startAt], [3, second[0]?.at]);
    });

    it('holds together with three others and the limits of the feature', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 8, HOUR_MS)], b: [] });
      const budgets = [budgetOf(10, HOUR_MS, 1), budgetOf(9, null, 2), budgetOf(90, 2 * HOUR_MS, 3)];
      const key = await addKey(store, 'tier', { budgets: [...budgets, budgetOf(900, null, 4)] });
      assert.equal(drawn(await drawMany(store, [tier], 'a', 20)).length, 8);
      assert.equal(drawn(await drawMany(store, [tier], 'b', 20)).length, 1);
      const after = (await store.getKey(key.id))?.budgets ?? [];
      assert.deepEqual(
        after.map(({ used }) => used),
        [9, 9, 9, 9],
      );
    });

    it('counts units, and lets smaller draws have what a bigger one cannot', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKey(store, 'tier', { budgets: [budgetOf(10, HOUR_MS)] });
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 3, { units: 4 })), {
        drawn: 2,
        exhausted: 1,
      });
      assert.equal(drawn(await drawMany(store, [tier], 'a', 9)).length, 2);
    });

    it('is at its limit after a failed draw just as before it', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(5, HOUR_MS)] });
      assert.equal((await drawOne(store, [tier], 'a', { units: 6 })).kind, 'empty');
      assert.deepEqual((await store.getKey(key.id))?.budgets, key.budgets);
      assert.equal(drawn(await drawMany(store, [tier], 'a', 9)).length, 5);
    });
  });
}
