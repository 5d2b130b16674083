import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLAIN_TRAITS } from '../../src/model/key.ts';
import {
  drawInRounds,
  drawMany,
  drawn,
  drawOf,
  drawOne,
  kinds,
  mustDraw,
  perKey,
} from '../support/drawing.ts';
import { finishJobs } from '../support/jobs.ts';
import { addTierWith, keyNow, mustReport, report } from '../support/reporting.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, same } from '../support/store-rows.ts';
import { editPolicy } from '../support/tier-policies.ts';

const HOUR_MS = 3_600_000;

export function registerHoldTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a cap on draws in flight`, () => {
    it('is never passed, and is reached, by rounds of several stores at the same time', async (t) => {
      const { store, openMany } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 3 });
      const keys = await addKeys(store, 'tier', same(4));
      await store.close();
      const stores = await openMany(2);
      const draws = Array.from({ length: 60 }, () => drawOf([tier], 'a'));
      const results = await drawInRounds(stores, draws, 8);
      assert.deepEqual([...perKey(results, keys).values()], [3, 3, 3, 3]);
    });

    it('parks the key in all its queues until its first draw is over', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 2 }, { a: [], b: [] });
      await addKey(store, 'tier');
      const first = await mustDraw(store, [tier], 'a', { units: 5 });
      await mustDraw(store, [tier], 'b');
      for (const feature of ['a', 'b']) {
        const refused = await drawOne(store, [tier], feature);
        assert.deepEqual(refused, { kind: 'exhausted', nextAt: first.at + HOUR_MS });
      }
    });

    it('that is raised, or goes, lets a key be drawn that was parked for it', async (t) => {
      const { store } = await useStore(t, makeStore);
      let tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 1 });
      await addKey(store, 'tier');
      for (const policy of [{ maxInFlight: 2 }, { maxInFlight: null, settleTimeoutMs: null }]) {
        await mustDraw(store, [tier], 'a');
        assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
        tier = await editPolicy(store, 'tier', policy);
        await finishJobs(store);
      }
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 5)), { drawn: 5 });
    });

    it('is the key’s own where that has one', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 3 });
      const parts = { traits: { ...PLAIN_TRAITS, maxInFlight: 1 } };
      const keys = await addKeys(store, 'tier', [{}, parts]);
      const results = await drawMany(store, [tier], 'a', 10);
      assert.deepEqual([...perKey(results, keys).values()], [3, 1]);
    });
  });

  registerHoldEndTests(name, makeStore);
  registerCrashTests(name, makeStore);
}

function registerHoldEndTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a draw in flight`, () => {
    it('is over with its report, which makes room at once, and once', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 2 });
      const key = await addKey(store, 'tier');
      const [one, two] = drawn(await drawMany(store, [tier], 'a', 5));
      assert.ok(one && two);
      await mustReport(store, one);
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 3)), { drawn: 1, exhausted: 2 });
      assert.ok((await report(store, one)).kind === 'reported');
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
      await mustReport(store, two, 'upstream_error');
      await mustDraw(store, [tier], 'a');
      const inFlight = (await keyNow(store, key)).holds.flatMap(({ serials }) => serials);
      assert.equal(inFlight.length, 2);
    });

    it('is over when its time is, without a report', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: windowMs, maxInFlight: 2 });
      await addKey(store, 'tier');
      const first = drawn(await drawMany(store, [tier], 'a', 5));
      assert.equal(first.length, 2);
      const end = (first[0]?.at ?? 0) + windowMs;
      await waitUntil(store, end + 50);
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 5)), { drawn: 2, exhausted: 3 });
      for (const draw of first) await mustReport(store, draw);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    });

    it('is over when its value did not leave', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 1 });
      await addKey(store, 'tier');
      const late = await mustDraw(store, [tier], 'a');
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
      await store.withhold([late.drawId]);
      await store.withhold([late.drawId]);
      await mustDraw(store, [tier], 'a');
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
    });

    it('is one, however often it is handed out again to a retry', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 2 });
      await addKey(store, 'tier');
      const idempotency = { key: 'c-1 request-1', fingerprint: 'f' };
      const first = await mustDraw(store, [tier], 'a', { idempotency });
      for (let i = 0; i < 3; i++) {
        const again = await mustDraw(store, [tier], 'a', { idempotency });
        assert.equal(again.drawId, first.drawId);
      }
      assert.deepEqual(kinds(await drawMany(store, [tier], 'a', 3)), { drawn: 1, exhausted: 2 });
    });
  });
}

function registerCrashTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: draws in flight of a store that is gone`, () => {
    it('count until their time is over, and are reported to another', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      const tier = await addTierWith(store, { settleTimeoutMs: HOUR_MS, maxInFlight: 2 });
      await addKey(store, 'tier');
      const [one] = drawn(await drawMany(store, [tier], 'a', 2));
      assert.ok(one);
      await store.close();
      const other = await open();
      assert.equal((await drawOne(other, [tier], 'a')).kind, 'exhausted');
      await mustReport(other, one);
      assert.deepEqual(kinds(await drawMany(other, [tier], 'a', 3)), { drawn: 1, exhausted: 2 });
    });
  });
}
