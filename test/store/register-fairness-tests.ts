import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Tier } from '../../src/model/tier.ts';
import type { DrawResult, Store } from '../../src/store/port.ts';
import { drawInRounds, drawn, drawOf, mustDraw, perKey } from '../support/drawing.ts';
import { equalKeys } from '../support/equal-keys.ts';
import { spread } from '../support/memory-pool.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';

async function oneByOne(store: Store, tiers: readonly Tier[], count: number): Promise<DrawResult[]> {
  const results: DrawResult[] = [];
  for (let i = 0; i < count; i++) results.push(await mustDraw(store, tiers, 'a'));
  return results;
}

/** Over how many keys a round of so many draws is spread. */
function keysAtOnce(draws: number): number {
  return Math.min(Math.ceil(Math.sqrt(draws)), Math.max(2, Math.ceil(draws / 16)));
}

export function registerFairnessTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: equal keys`, () => {
    for (const tierCount of [1, 3])
      for (const count of [1, 2, 12]) {
        it(`${count} in ${tierCount} tiers, drawn one after another, differ by one draw at most`, async (t) => {
          const { store } = await useStore(t, makeStore);
          const { tiers, keys } = await equalKeys(store, Math.min(tierCount, count), count);
          const results = await oneByOne(store, tiers, 2 * count + 7);
          assert.ok(spread(perKey(results, keys)) <= 1);
        });

        it(`${count} in ${tierCount} tiers, drawn by 64 at a time, differ by 5 % at most`, async (t) => {
          const { store } = await useStore(t, makeStore);
          const { tiers, keys } = await equalKeys(store, Math.min(tierCount, count), count);
          const roundSize = Math.ceil(64 / store.roundsMax);
          // Enough that the draws of two turns, one just made and one to come, are within 5 %.
          const each = 40 * Math.ceil(roundSize / keysAtOnce(roundSize));
          const draws = Array.from({ length: each * count }, () => drawOf(tiers, 'a'));
          const results = await drawInRounds([store], draws, roundSize);
          assert.equal(drawn(results).length, draws.length);
          assert.ok(spread(perKey(results, keys)) <= 0.05 * each);
        });
      }
  });
}
