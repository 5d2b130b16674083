import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany, drawn, drawOne, mustDraw, perKey } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { spread } from '../support/memory-pool.ts';
import { fullestWindow, type Granted, limitOf } from '../support/meter-run.ts';
import type { SqliteHarness } from '../support/sqlite-harness.ts';
import { useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, same } from '../support/store-rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const REQUEST_ID_MS = 10 * 60_000;

/** What only a store whose clock the test can step can show: long times, and a clock that jumps. */
export function registerClockTests(name: string, makeStore: () => Promise<SqliteHarness>): void {
  describe(`${name}: as time goes on`, () => {
    it('a limit of a day holds over a week, in every trailing day', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 100, DAY_MS)] });
      await addKey(store, 'tier');
      const log: Granted[] = [];
      for (let hour = 0; hour < 7 * 24; hour++) {
        const results = drawn(await drawMany(store, [tier], 'a', 7));
        log.push(...results.map(({ at }) => ({ at, n: 1 })));
        await waitUntil(store, store.now() + HOUR_MS);
      }
      assert.ok(fullestWindow(log, DAY_MS) <= 100);
      assert.ok(log.length >= 0.97 * 7 * 100, `${log.length} served`);
    });

    it('a request id is free again after ten minutes, and not before', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKey(store, 'tier', { budgets: [budgetOf(9)] });
      const same = { idempotency: { key: 'r1', fingerprint: 'fields' } };
      const first = await mustDraw(store, [tier], 'a', same);
      await waitUntil(store, first.at + REQUEST_ID_MS - 1000);
      assert.equal((await mustDraw(store, [tier], 'a', same)).drawId, first.drawId);
      await waitUntil(store, first.at + REQUEST_ID_MS + 1000);
      await store.deleteExpired(0, 100);
      assert.notEqual((await mustDraw(store, [tier], 'a', same)).drawId, first.drawId);
    });
  });

  registerStepBackTests(name, makeStore);
}

function registerStepBackTests(name: string, makeStore: () => Promise<SqliteHarness>): void {
  describe(`${name}: a clock that steps back`, () => {
    it('by 5 s passes no limit, takes no row back in time and leaves the rotation as it was', async (t) => {
      const harness = await makeStore();
      const { store } = await useStore(t, async () => harness);
      const tier = await addTier(store, { a: [limitOf('sliding', 3, 1000)], b: [] });
      const keys = await addKeys(store, 'tier', same(5));
      const results = [];
      let last = 0;
      for (let i = 0; i < 300; i++) {
        harness.clock.advance(20);
        if (i === 150) harness.clock.jump(-5000);
        results.push(await drawOne(store, [tier], 'a'), await drawOne(store, [tier], 'b'));
        const takenAt = (await store.getKey(keys[0]?.id ?? ''))?.takenAt ?? 0;
        assert.ok(takenAt >= last);
        last = takenAt;
      }
      const byA = results.filter((_, i) => i % 2 === 0);
      for (const { id } of keys) {
        const mine = drawn(byA).filter(({ keyId }) => keyId === id);
        assert.ok(
          fullestWindow(
            mine.map(({ at }) => ({ at, n: 1 })),
            1000,
          ) <= 3,
        );
      }
      assert.ok(
        spread(
          perKey(
            results.filter((_, i) => i % 2 === 1),
            keys,
          ),
        ) <= 1,
      );
    });

    it('after it had stepped forwards brings back the keys that had not expired', async (t) => {
      const harness = await makeStore();
      const { store } = await useStore(t, async () => harness);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(5, { expireAt: store.now() + HOUR_MS }));
      harness.clock.jump(2 * HOUR_MS);
      await store.parkExpiredKeys(100);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'empty');
      harness.clock.jump(-2 * HOUR_MS);
      await eventually('the keys are back', async () => {
        await store.parkExpiredKeys(100);
        harness.clock.advance(1000);
        return drawn(await drawMany(store, [tier], 'a', 5)).length === 5 ? true : null;
      });
    });

    it('by a tenth of a second is reported', async (t) => {
      const harness = await makeStore();
      const { store } = await useStore(t, async () => harness);
      const tier = await addTier(store, { a: [] });
      await addKey(store, 'tier');
      await mustDraw(store, [tier], 'a');
      harness.clock.jump(-100);
      await mustDraw(store, [tier], 'a');
      assert.equal((await store.status()).clockJump?.byMs, -100);
    });
  });
}
