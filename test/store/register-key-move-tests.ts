import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RECOVERY_GRACE_MS } from '../../src/model/key.ts';
import { movedKey } from '../../src/model/moved-key.ts';
import type { Store } from '../../src/store/port.ts';
import { drawAll, drawMany, drawn, drawOf, drawOne } from '../support/drawing.ts';
import { budgetOf } from '../support/key-state.ts';
import { addTierWith, mustReport } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addTier, eventOf } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;
const OPEN_TAKE_MS = 1000;

/** Moves a key as an admin would. */
function move(store: Store, id: string, tierId: string) {
  return store.moveKey(id, tierId, (key, to, freshRank, now) => ({
    row: { ...movedKey(key, to, freshRank, now), version: key.version + 1 },
    event: eventOf('BatchUpdateKeys', { resourceType: 'key', resourceId: id }),
  }));
}

export function registerKeyMoveTests(name: string, makeStore: StoreFactory): void {
  const limit = { limit: 3, windowMs: HOUR_MS, algorithm: 'sliding', guardMs: null } as const;

  describe(`${name}: a key that is moved to another tier`, () => {
    it('takes along what it has and what was counted, and is drawn there alone', async (t) => {
      const { store } = await useStore(t, makeStore);
      const from = await addTier(store, { a: [limit], b: [] });
      const to = await addTier(store, { a: [limit], c: [] }, 'other');
      const key = await addKey(store, 'tier', {
        budgets: [budgetOf(10)],
        secrets: { s: 'x' },
        metadata: { m: 'y' },
      });
      assert.equal(drawn(await drawMany(store, [from], 'a', 2)).length, 2);
      const moved = await move(store, key.id, 'other');
      assert.deepEqual([moved.tierId, moved.secrets, moved.metadata], ['other', key.secrets, key.metadata]);
      assert.deepEqual(await store.getKey(key.id), moved);
      assert.equal((await drawOne(store, [from], 'a')).kind, 'empty');
      assert.equal(drawn(await drawMany(store, [to], 'c', 2)).length, 2);
      // Two of its three units an hour went before the move.
      assert.equal(drawn(await drawMany(store, [to], 'a', 5)).length, 1);
      assert.equal((await store.getKey(key.id))?.budgets[0]?.used, 5);
      await store.deleteTier('tier', () => eventOf('DeleteTier'));
    });

    it('has its value to itself where it comes to, and leaves it free where it was', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      await addTier(store, { a: [] }, 'other');
      const key = await addKey(store, 'tier', { fingerprint: 'same' });
      const rival = await addKey(store, 'other', { fingerprint: 'same' });
      await assert.rejects(move(store, key.id, 'other'), { name: 'StoreError', kind: 'exists' });
      assert.deepEqual(await store.getKey(key.id), key);
      await store.deleteKey(rival.id, () => eventOf('DeleteKey'));
      await move(store, key.id, 'other');
      await addKey(store, 'tier', { fingerprint: 'same' });
      await assert.rejects(addKey(store, 'other', { fingerprint: 'same' }), { kind: 'exists' });
    });

    it('needs to be there, and so does the tier', async (t) => {
      const { store } = await useStore(t, makeStore);
      await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      await assert.rejects(move(store, key.id, 'none'), { name: 'StoreError', kind: 'no-tier' });
      await assert.rejects(move(store, 'none', 'tier'), { name: 'StoreError', kind: 'not-found' });
    });

    it('loses and doubles no draw that is under way', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tiers = [await addTier(store, { a: [] }), await addTier(store, { a: [] }, 'other')];
      const key = await addKey(store, 'tier', { budgets: [budgetOf(1000)] });
      const moves = (async () => {
        for (const tier of ['other', 'tier', 'other', 'tier', 'other']) await move(store, key.id, tier);
      })();
      const results = await Promise.all(Array.from({ length: 60 }, () => drawOne(store, tiers, 'a')));
      await moves;
      const served = results.filter(({ kind }) => kind === 'drawn').length;
      const last = await drawOne(store, tiers, 'a');
      const after = await store.getKey(key.id);
      assert.equal(last.kind, 'drawn');
      // What a take counted and nobody was served of is still open: it goes back when it is settled.
      const open = after?.open.reduce((sum, { n }) => sum + n, 0) ?? 0;
      const used = after?.budgets[0]?.used ?? 0;
      assert.ok(
        used >= served + 1 && used - open <= served + 1,
        `${used} used, ${open} open, ${served} served`,
      );
    });

    it('is settled where it is, also what a store had under way that has gone', async (t) => {
      const { store, open, waitUntil } = await useStore(t, makeStore, { openTakeMs: OPEN_TAKE_MS });
      const from = await addTier(store, { a: [] });
      await addTier(store, { a: [] }, 'other');
      const key = await addKey(store, 'tier', { budgets: [budgetOf(100)] });
      const served = drawn(await drawMany(store, [from], 'a', 7));
      await move(store, key.id, 'other');
      const end = store.now() + OPEN_TAKE_MS + RECOVERY_GRACE_MS;
      await store.close();
      const other = await open({ openTakeMs: OPEN_TAKE_MS });
      await waitUntil(other, end + 200);
      while ((await other.recoverOpenTakes(10)) > 0);
      const after = await other.getKey(key.id);
      assert.deepEqual([after?.tierId, after?.open, after?.budgets[0]?.used], ['other', [], served.length]);
    });

    it('hears of draws that were under way when it was moved', async (t) => {
      const { store } = await useStore(t, makeStore);
      const policy = { settleTimeoutMs: HOUR_MS };
      const from = await addTierWith(store, policy);
      await addTierWith(store, policy, { a: [] }, 'other');
      const key = await addKey(store, 'tier', { budgets: [budgetOf(100)] });
      const draw = drawOf([from], 'a', { units: 5 });
      const draws = drawn(await drawAll(store, [draw, draw, draw]));
      const moved = await move(store, key.id, 'other');
      assert.equal(moved.holds.flatMap(({ serials }) => serials).length, 3);
      const [first, second, third] = draws;
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      await mustReport(store, third);
      await mustReport(store, first, 'ok', { units: 2 });
      await mustReport(store, second, 'timeout');
      while ((await store.applyReports(10)) > 0);
      const after = await store.getKey(key.id);
      assert.deepEqual(
        [after?.holds, after?.budgets[0]?.used, after?.health.failures],
        [[], 12, { timeout: 1 }],
      );
    });
  });
}
