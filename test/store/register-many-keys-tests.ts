import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Store } from '../../src/store/port.ts';
import { drawInRounds, drawn, drawOf, drawOne, mustDraw } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, same } from '../support/store-rows.ts';

const BATCH = 1000;
const HOUR_MS = 3_600_000;

async function addMany(store: Store, count: number): Promise<void> {
  for (let made = 0; made < count; made += BATCH)
    await addKeys(store, 'tier', same(Math.min(BATCH, count - made), { budgets: [budgetOf(1, HOUR_MS)] }));
}

/** The time that `what` takes, in ms. */
async function timed(what: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await what();
  return performance.now() - start;
}

export function registerManyKeysTests(name: string, makeStore: StoreFactory, count: number): void {
  describe(`${name}: ${count} keys`, () => {
    it('spent through one feature cost a draw for another no more than a few do', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [], b: [] });
      await addMany(store, count);
      const draws = Array.from({ length: count }, () => drawOf([tier], 'a'));
      const results = await drawInRounds([store], draws, 256);
      assert.equal(drawn(results).length, count);
      assert.equal(new Set(drawn(results).map(({ keyId }) => keyId)).size, count);

      const earliest =
        Math.min(
          ...drawn(results)
            .slice(0, BATCH)
            .map(({ at }) => at),
        ) + HOUR_MS;
      const refused = await drawOne(store, [tier], 'b');
      assert.ok(refused.kind === 'exhausted' && refused.nextAt > earliest);
      const fresh = await addKey(store, 'tier');
      assert.equal((await mustDraw(store, [tier], 'b')).keyId, fresh.id);
      const tookMs = await timed(async () => {
        for (let i = 0; i < 20; i++) await mustDraw(store, [tier], 'b');
      });
      assert.ok(tookMs < 2000, `20 draws took ${tookMs} ms`);
    });
  });
}
