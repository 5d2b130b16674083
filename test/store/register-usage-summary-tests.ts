import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UsageSubject } from '../../src/model/usage-summary.ts';
import { CELLS_PER_HOUR_MAX, NO_USE } from '../../src/model/usage-summary.ts';
import { drawMany, mustDraw } from '../support/drawing.ts';
import { allUsageEvents } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';
import {
  LONG_SPANS,
  plainCount,
  recordOf,
  SHORT_SPANS,
  sumBefore,
  summaryOf,
  sumNow,
} from '../support/summed-usage.ts';

const ALL: UsageSubject = { kind: 'all' };
const C1: UsageSubject = { kind: 'consumer', id: 'c-1' };

export function registerUsageSummaryTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a summary of usage`, () => {
    it('is of a consumer, a key, a feature or all, at once', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [], b: [] });
      const keys = await addKeys(store, 'tier', same(3));
      await drawMany(store, [tier], 'a', 7, { consumerId: 'c-1', units: 3 });
      await drawMany(store, [tier], 'b', 5, { consumerId: 'c-2' });
      await store.recordUsage([
        recordOf({ kind: 'verify', resource: '/chat', units: 4, requestId: 'r-1' }),
        recordOf({ endpoint: 'GET /x', statusCode: 404, requestId: 'r-1', units: 0 }),
        recordOf({ endpoint: 'GET /x', statusCode: 200, requestId: 'r-2', units: 0 }),
        recordOf({ consumerId: 'c-2', endpoint: 'GET /x', statusCode: 200, outcome: 'timeout' }),
      ]);
      const events = await allUsageEvents(store);
      const subjects: readonly UsageSubject[] = [
        ALL,
        C1,
        { kind: 'consumer', id: 'c-2' },
        { kind: 'consumer', id: 'c-3' },
        { kind: 'feature', id: 'a' },
        { kind: 'feature', id: 'c' },
        ...keys.map(({ id }): UsageSubject => ({ kind: 'key', id })),
        { kind: 'key', id: 'none' },
      ];
      for (const subject of subjects) {
        const summary = await summaryOf(store, subject);
        assert.deepEqual(summary, plainCount(events, subject, summary), JSON.stringify(subject));
      }
      const { requests, draws, verifications, recorded, units, errors } = await summaryOf(store, C1);
      assert.deepEqual([requests, draws, verifications, recorded, units, errors], [8, 7, 1, 2, 25, 1]);
    });

    it('takes in whole hours that the period touches, and says which', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore, { summedSpans: SHORT_SPANS });
      const { hourMs } = SHORT_SPANS;
      const hour = (Math.floor(store.now() / hourMs) + 1) * hourMs;
      for (const at of [hour, hour + hourMs, hour + 2 * hourMs]) {
        await waitUntil(store, at);
        await store.recordUsage([recordOf()]);
      }
      const events = await allUsageEvents(store);
      const periods = [
        { startAt: hour, endAt: hour + 1 },
        { startAt: hour + hourMs - 1, endAt: hour + hourMs + 1 },
        { startAt: hour + hourMs },
        { endAt: hour + hourMs },
        { startAt: hour + 20 * hourMs },
        {},
      ];
      for (let round = 0; round < 3; round++) {
        for (const { startAt = null, endAt = null } of periods) {
          const period = { ...(startAt === null ? {} : { startAt }), ...(endAt === null ? {} : { endAt }) };
          const moved = {
            startAt: startAt === null ? null : Math.floor(startAt / hourMs) * hourMs,
            endAt: endAt === null ? null : Math.ceil(endAt / hourMs) * hourMs,
          };
          assert.deepEqual(await summaryOf(store, C1, period), plainCount(events, C1, moved));
        }
        await waitUntil(store, store.now() + hourMs);
        await sumNow(store);
      }
    });

    it('of nothing is nothing', async (t) => {
      const { store } = await useStore(t, makeStore);
      const nothing = { startAt: null, endAt: null, ...NO_USE, cells: [], isCapped: false };
      for (const subject of [ALL, C1, { kind: 'key', id: 'k' } as const])
        assert.deepEqual(await summaryOf(store, subject), nothing);
      await sumNow(store);
      assert.deepEqual(await summaryOf(store, ALL), nothing);
    });

    it('keeps no more different things of an hour than it may, and all sums', async (t) => {
      const { store } = await useStore(t, makeStore, { summedSpans: LONG_SPANS });
      const many = CELLS_PER_HOUR_MAX + 30;
      const records = Array.from({ length: many }, (_, i) => recordOf({ endpoint: `/${i}` }));
      await store.recordUsage(records.slice(0, 50));
      await store.recordUsage(records.slice(50));
      await store.recordUsage([recordOf({ endpoint: '/0' })]);
      const summary = await summaryOf(store, C1);
      assert.equal(summary.isCapped, true);
      assert.equal(summary.cells.length, CELLS_PER_HOUR_MAX);
      assert.equal(summary.requests, many + 1);
    });
  });

  registerRetentionTests(name, makeStore);
}

function registerRetentionTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: sums of usage`, () => {
    it('stay when their events are deleted', async (t) => {
      const opened = await useStore(t, makeStore, { summedSpans: SHORT_SPANS });
      const { store } = opened;
      const tier = await addTier(store, { a: [] });
      const [key] = await addKeys(store, 'tier', same(1));
      await mustDraw(store, [tier], 'a', { consumerId: 'c-1' });
      await store.recordUsage([recordOf({ endpoint: '/x' }), recordOf({ id: 'once', once: true })]);
      const events = await allUsageEvents(store);
      const end = store.now() + 1;
      await sumBefore(opened, end);
      while ((await store.deleteExpired(end, 2)) > 0);
      assert.deepEqual(await allUsageEvents(store), []);
      for (const subject of [ALL, C1, { kind: 'key', id: key?.id ?? '' } as const]) {
        const summary = await summaryOf(store, subject);
        assert.deepEqual(summary, plainCount(events, subject, summary));
      }
      assert.equal(await store.recordUsage([recordOf({ id: 'once', once: true })]), 1);
    });

    it('are deleted when their own time has come, so many at a time, and no others', async (t) => {
      const opened = await useStore(t, makeStore, { summedSpans: SHORT_SPANS });
      const { store } = opened;
      await store.recordUsage([recordOf({ endpoint: '/old' }), recordOf({ consumerId: 'c-2' })]);
      const end = store.now() + 1;
      await sumBefore(opened, end);
      await store.recordUsage([recordOf({ endpoint: '/new' })]);
      while ((await store.deleteExpired(end, 100)) > 0);
      assert.equal(await store.deleteExpiredSums(end - SHORT_SPANS.hourMs, 100), 0);
      const deleted: number[] = [];
      do deleted.push(await store.deleteExpiredSums(end + SHORT_SPANS.hourMs, 2));
      while (deleted.at(-1) !== 0);
      assert.ok(deleted.every((n) => n <= 2) && deleted.length > 2);
      const { requests, cells } = await summaryOf(store, C1);
      assert.deepEqual([requests, cells.map(({ endpoint }) => endpoint)], [1, ['/new']]);
    });
  });
}
