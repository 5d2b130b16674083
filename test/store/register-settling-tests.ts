import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardMs } from '../../src/model/tier.ts';
import type { Store } from '../../src/store/port.ts';
import { drawMany, drawn, drawOne, kinds, mustDraw } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { limitOf } from '../support/meter-run.ts';
import { addTierWith, keyNow, mustReport, report } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier, editKey } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;

async function usedOf(store: Store, key: { readonly id: string }): Promise<number[]> {
  return (await keyNow(store, key)).budgets.map(({ used }) => used);
}

export function registerSettlingTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: units that were reported`, () => {
    it('down go back into every budget and limit', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 10, HOUR_MS)] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(10), budgetOf(10, HOUR_MS)] });
      const draw = await mustDraw(store, [tier], 'a', { units: 10 });
      assert.notEqual((await drawOne(store, [tier], 'a')).kind, 'drawn');
      await mustReport(store, draw, 'ok', { units: 4 });
      assert.deepEqual(await usedOf(store, key), [4, 4]);
      await mustDraw(store, [tier], 'a', { units: 6 });
      assert.notEqual((await drawOne(store, [tier], 'a')).kind, 'drawn');
      assert.deepEqual(await usedOf(store, key), [10, 10]);
    });

    it('down go back where much of the limit is left', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 100, HOUR_MS)] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(1000)] });
      const draws = [await mustDraw(store, [tier], 'a', { units: 20 })];
      draws.push(await mustDraw(store, [tier], 'a', { units: 20 }));
      for (const draw of draws) await mustReport(store, draw, 'ok', { units: 5 });
      assert.deepEqual(await usedOf(store, key), [10]);
      await mustDraw(store, [tier], 'a', { units: 90 });
      assert.notEqual((await drawOne(store, [tier], 'a')).kind, 'drawn');
    });

    it('up are charged, beyond the limit if need be', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 10, HOUR_MS)], b: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(100), budgetOf(1000, HOUR_MS)] });
      await mustReport(store, await mustDraw(store, [tier], 'a'), 'ok', { units: 12 });
      assert.deepEqual(await usedOf(store, key), [12, 12]);
      const refused = await drawOne(store, [tier], 'a');
      assert.ok(refused.kind === 'exhausted' && refused.nextAt > store.now() + HOUR_MS / 2);
      await mustReport(store, await mustDraw(store, [tier], 'b'), 'ok', { units: 150 });
      assert.deepEqual(await usedOf(store, key), [162, 162]);
      assert.notEqual((await drawOne(store, [tier], 'b')).kind, 'drawn');
    });

    it('settle once, and a report that says nothing of them settles nothing', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(100)] });
      const [one, two] = drawn(await drawMany(store, [tier], 'a', 2, { units: 10 }));
      assert.ok(one && two);
      await mustReport(store, one, 'ok', { units: 3 });
      assert.equal((await report(store, one, 'ok', { units: 3 })).kind, 'reported');
      assert.deepEqual(await report(store, one, 'ok', { units: 1 }), { kind: 'other' });
      await mustReport(store, two);
      assert.deepEqual(await usedOf(store, key), [13]);
    });

    it('are settled at what was drawn when the time for that is over', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: 200 });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(100)] });
      const draw = await mustDraw(store, [tier], 'a', { units: 10 });
      await waitUntil(store, draw.at + 220);
      await mustReport(store, draw, 'ok', { units: 1 });
      assert.deepEqual(await usedOf(store, key), [10]);
    });

    it('do not go back into a budget that was reset meanwhile', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(100)] });
      const draw = await mustDraw(store, [tier], 'a', { units: 10 });
      await waitUntil(store, draw.at + 20);
      await editKey(store, key.id, (row) => ({
        epoch: row.epoch + 1,
        budgets: row.budgets.map((b) => ({ ...b, used: 0, epoch: row.epoch + 1, countsFrom: store.now() })),
      }));
      await mustDraw(store, [tier], 'a', { units: 5 });
      await mustReport(store, draw, 'ok', { units: 0 });
      assert.deepEqual(await usedOf(store, key), [5]);
    });
  });

  registerDebtTests(name, makeStore);
}

function registerDebtTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: units used beyond a budget`, () => {
    it('are worked off in its next windows before the key is drawn again', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(10, windowMs)] });
      const draw = await mustDraw(store, [tier], 'a', { units: 8 });
      await mustReport(store, draw, 'ok', { units: 15 });
      assert.deepEqual(await usedOf(store, key), [15]);
      const refused = await drawOne(store, [tier], 'a');
      assert.ok(
        refused.kind === 'exhausted' && refused.nextAt >= draw.at + windowMs,
        JSON.stringify(refused),
      );
      await waitUntil(store, refused.nextAt + guardMs({ windowMs }) + 50);
      const [next, ...none] = drawn(await drawMany(store, [tier], 'a', 3, { units: 5 }));
      assert.ok(next && none.length === 0);
      assert.ok(next.at >= draw.at + windowMs);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    });

    it('keep a lifetime budget spent until it is raised above them', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(10)] });
      await mustReport(store, await mustDraw(store, [tier], 'a'), 'ok', { units: 25 });
      const raise = (limit: number) =>
        editKey(store, key.id, (row) => ({ budgets: row.budgets.map((b) => ({ ...b, limit })) }));
      await raise(20);
      assert.notEqual((await drawOne(store, [tier], 'a')).kind, 'drawn');
      await raise(28);
      const { drawn: served } = kinds(await drawMany(store, [tier], 'a', 9));
      assert.equal(served, 3);
    });
  });
}
