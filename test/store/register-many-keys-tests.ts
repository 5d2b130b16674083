import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { takeFromKey } from '../../src/model/take.ts';
import type { Tier } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { drawInRounds, drawn, drawOf, drawOne, kinds, mustDraw } from '../support/drawing.ts';
import { budgetOf, takeOf } from '../support/key-state.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, keyOf, same } from '../support/store-rows.ts';

const BATCH = 1000;
const HOUR_MS = 3_600_000;
const budgets = [budgetOf(1, HOUR_MS)];

/** Adds keys as a take through feature `a` leaves them that spent their budget. */
async function addSpent(store: Store, tierId: string, count: number): Promise<void> {
  for (let made = 0; made < count; made += BATCH)
    await store.createKeys(tierId, (tier, freshRank, now) => ({
      keys: Array.from({ length: Math.min(BATCH, count - made) }, () => {
        const key = keyOf(tier, freshRank(), now, { budgets });
        return { ...key, ...takeFromKey(key, takeOf(tier, 'a', { openMs: 0 }), now).state };
      }),
      events: [],
    }));
}

/** The time of 40 draws through `b`, one after another, in ms. */
async function drawsMs(store: Store, tier: Tier): Promise<number> {
  await addKey(store, tier.id);
  await mustDraw(store, [tier], 'b');
  const start = performance.now();
  for (let i = 0; i < 40; i++) await mustDraw(store, [tier], 'b');
  return performance.now() - start;
}

export function registerManyKeysTests(name: string, makeStore: StoreFactory, count: number): void {
  describe(`${name}: many keys spent through one feature`, () => {
    it(`cost a draw for another no more than ten do: ${count}`, async (t) => {
      const { store } = await useStore(t, makeStore);
      const few = await addTier(store, { a: [], b: [] }, 'few');
      await addSpent(store, 'few', 10);
      const many = await addTier(store, { a: [], b: [] });
      const start = store.now();
      await addSpent(store, 'tier', count);
      const refused = await drawOne(store, [many], 'b');
      assert.ok(refused.kind === 'exhausted' && Math.abs(refused.nextAt - start - HOUR_MS) < 60_000);
      const [fewMs, manyMs] = [await drawsMs(store, few), await drawsMs(store, many)];
      assert.ok(manyMs < 3 * fewMs + 300, `40 draws took ${manyMs} ms, and ${fewMs} ms beside ten keys`);
    });

    it('are each drawn once, and then wait in all queues', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [], b: [] });
      await addKeys(store, 'tier', same(1000, { budgets }));
      const draws = Array.from({ length: 1050 }, () => drawOf([tier], 'a'));
      const results = await drawInRounds([store], draws, 64);
      assert.deepEqual(kinds(results), { drawn: 1000, exhausted: 50 });
      assert.equal(new Set(drawn(results).map(({ keyId }) => keyId)).size, 1000);
      assert.equal((await drawOne(store, [tier], 'b')).kind, 'exhausted');
    });
  });
}
