import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLAIN_TRAITS } from '../../src/model/key.ts';
import type { Tier } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany, drawn, drawOne, mustDraw, perKey } from '../support/drawing.ts';
import { assertPlaced, finishJobs } from '../support/jobs.ts';
import { budgetOf } from '../support/key-state.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, editKey, same } from '../support/store-rows.ts';
import { addTierWith, editPolicy } from '../support/tier-policies.ts';

const HOUR_MS = 3_600_000;

/** The keys that so many draws, one after another, got. */
async function oneByOne(store: Store, tiers: readonly Tier[], count: number): Promise<string[]> {
  const order: string[] = [];
  for (let i = 0; i < count; i++) order.push((await mustDraw(store, tiers, 'a')).keyId);
  return order;
}

export function registerStrategyTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a tier's strategy`, () => {
    it('weighted: draws each key as often as its weight says, also many at a time', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { strategy: 'weighted' });
      const weights = [3, 1, 2];
      const traits = weights.map((weight) => ({ traits: { ...PLAIN_TRAITS, weight } }));
      const keys = await addKeys(store, 'tier', traits);
      const order = await oneByOne(store, [tier], 18);
      assert.deepEqual(
        keys.map(({ id }) => order.filter((keyId) => keyId === id).length),
        [9, 3, 6],
      );
      const rounds = [];
      for (let i = 0; i < 30; i++) rounds.push(...(await drawMany(store, [tier], 'a', 20)));
      const shares = [...perKey(rounds, keys).values()].map((draws, i) => draws / (weights[i] ?? 1));
      for (const share of shares) assert.ok(Math.abs(share - 100) <= 10, `${shares}`);
    });

    it('fill_first: draws from the oldest key that can serve', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(
        store,
        { strategy: 'fill_first' },
        { limits: [limitOf('sliding', 5, HOUR_MS)] },
      );
      const keys = await addKeys(store, 'tier', same(3));
      const ids = keys.map(({ id }) => id);
      assert.deepEqual(await oneByOne(store, [tier], 3), [ids[0], ids[0], ids[0]]);
      const results = await drawMany(store, [tier], 'a', 6);
      assert.deepEqual([...perKey(results, keys).values()], [2, 4, 0]);
      await editKey(store, ids[1] ?? '', () => ({ state: 'disabled' }));
      assert.equal((await mustDraw(store, [tier], 'a')).keyId, ids[2]);
      await editKey(store, ids[1] ?? '', () => ({ state: 'active' }));
      assert.deepEqual(await oneByOne(store, [tier], 2), [ids[1], ids[2]]);
    });

    it('most_remaining: draws from the key with the largest part left', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { strategy: 'most_remaining' });
      const limits = [10, 20, 40];
      const keys = await addKeys(
        store,
        'tier',
        limits.map((limit, i) => ({ budgets: [budgetOf(limit, null, i + 1)] })),
      );
      const order = await oneByOne(store, [tier], 35);
      for (const [i, { id }] of keys.entries()) {
        const draws = order.filter((keyId) => keyId === id).length;
        assert.ok(Math.abs(draws - (limits[i] ?? 0) / 2) <= 1, `${draws} of ${limits[i]}`);
      }
      assert.equal(drawn(await drawMany(store, [tier], 'a', 40)).length, 35);
    });

    it('most_remaining: draws first from keys that nothing bounds, none of them twice before all were', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { strategy: 'most_remaining' });
      const [bounded] = await addKeys(store, 'tier', [{ budgets: [budgetOf(100, null, 1)] }]);
      const keys = await addKeys(store, 'tier', same(5));
      const order = await oneByOne(store, [tier], 20);
      assert.deepEqual(
        order.slice(0, 5),
        keys.map(({ id }) => id),
      );
      assert.ok(!order.includes(bounded?.id ?? ''));
    });

    it('takes effect on keys that were drawn by another one', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, {}, { limits: [limitOf('sliding', 100, HOUR_MS)] });
      const keys = await addKeys(store, 'tier', same(4));
      const ids = keys.map(({ id }) => id);
      await oneByOne(store, [tier], 6);
      const filled = await editPolicy(store, 'tier', { strategy: 'fill_first' });
      await finishJobs(store, 3);
      assert.equal(await assertPlaced(store), 4);
      assert.deepEqual(new Set(await oneByOne(store, [filled], 5)), new Set([ids[0]]));
      const most = await editPolicy(store, 'tier', { strategy: 'most_remaining' });
      await finishJobs(store);
      assert.equal(await assertPlaced(store), 4);
      assert.deepEqual(new Set(await oneByOne(store, [most], 8)), new Set(ids.slice(1)));
      const even = await editPolicy(store, 'tier', { strategy: 'least_recently_used' });
      await finishJobs(store);
      const order = await oneByOne(store, [even], 12);
      assert.deepEqual([...new Set(ids.map((id) => order.filter((keyId) => keyId === id).length))], [3]);
    });
  });

  describe(`${name}: tiers of several priorities`, () => {
    it('spill in one round exactly what none before can serve', async (t) => {
      const { store } = await useStore(t, makeStore);
      const limits = [limitOf('sliding', 4, HOUR_MS)];
      const last = await addTierWith(store, { priority: 9 }, { id: 'last', limits });
      const first = await addTierWith(store, {}, { id: 'first', limits });
      await addKeys(store, 'first', same(3));
      await addKeys(store, 'last', same(2));
      const tiersOf = async (count: number) => {
        const results = await drawMany(store, [last, first], 'a', count);
        const by = drawn(results).map(({ tierId }) => tierId);
        return [by.filter((id) => id === 'first').length, by.filter((id) => id === 'last').length];
      };
      assert.deepEqual(await tiersOf(5), [5, 0]);
      assert.deepEqual(await tiersOf(10), [7, 3]);
      assert.deepEqual(await tiersOf(10), [0, 5]);
    });

    it('tell the first moment at which a key of any of them is free', async (t) => {
      const { store } = await useStore(t, makeStore);
      const long = { id: 'first', limits: [limitOf('sliding', 1, 24 * HOUR_MS)] };
      const first = await addTierWith(store, {}, long);
      const second = await addTierWith(
        store,
        { priority: 1 },
        { id: 'second', limits: [limitOf('sliding', 1, HOUR_MS)] },
      );
      await addKeys(store, 'first', same(1));
      await addKeys(store, 'second', same(1));
      assert.deepEqual(
        drawn(await drawMany(store, [first, second], 'a', 2)).map(({ tierId }) => tierId),
        ['first', 'second'],
      );
      const refused = await drawOne(store, [first, second], 'a');
      assert.ok(refused.kind === 'exhausted' && refused.nextAt - store.now() <= 1.1 * HOUR_MS);
    });
  });
}
