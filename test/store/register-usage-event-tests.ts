import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UsageEvent } from '../../src/model/audit.ts';
import type { Drawn, Store } from '../../src/store/port.ts';
import { drawMany, drawn, drawOne, mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { budgetOf } from '../support/key-state.ts';
import { listAll, usageEvents, usageEventsOnce } from '../support/listing.ts';
import { limitOf } from '../support/meter-run.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKey, addKeys, addTier, eventOf, same } from '../support/store-rows.ts';
import { SHORT_SPANS, sumBefore } from '../support/summed-usage.ts';

function ids(events: readonly UsageEvent[]): string[] {
  return events.map(({ id }) => id);
}

export function registerUsageEventTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a usage event`, () => {
    it('says who was given which key for what, and when', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      const parts = { units: 3, consumerId: 'c-1', peerAddress: '::1', requestId: 'the "request" $1' };
      const result = await mustDraw(store, [tier], 'a', parts);
      assert.deepEqual(await usageEventsOnce(store, 1), [
        {
          id: result.drawId,
          kind: 'draw',
          at: result.at,
          keyId: key.id,
          tierId: 'tier',
          feature: 'a',
          withheld: false,
          report: null,
          ...parts,
        },
      ]);
    });

    it('is there for every draw that was served and for no other, also after the store is opened again', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 3, 3_600_000)], b: [] });
      await addKeys(store, 'tier', same(3, { budgets: [budgetOf(4)] }));
      const results = [
        ...(await drawMany(store, [tier], 'a', 12)),
        ...(await drawMany(store, [tier], 'b', 12)),
      ];
      assert.equal(drawn(results).length, 12);
      await store.close();
      const events = await usageEventsOnce(await open(), 12);
      assert.deepEqual(
        ids(events).sort(),
        drawn(results)
          .map(({ drawId }) => drawId)
          .sort(),
      );
    });
  });

  registerUsageListTests(name, makeStore);

  registerWithholdTests(name, makeStore);
  registerRetentionTests(name, makeStore);
}

function registerUsageListTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: the list of usage events`, () => {
    it('has the newest first, by each filter and all together, in pages', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [], b: [] });
      await addKeys(store, 'tier', same(3));
      for (let i = 0; i < 24; i++) {
        await mustDraw(store, [tier], i % 2 === 0 ? 'a' : 'b', { consumerId: `c-${i % 3}` });
        await waitUntil(store, store.now() + 2);
      }
      const all = await usageEventsOnce(store, 24);
      const at = all.map((event) => event.at);
      assert.deepEqual(
        at,
        at.toSorted((a, b) => b - a),
      );
      const keyId = all[0]?.keyId ?? assert.fail('there are events');
      const [startAt, endAt] = [at[18] ?? 0, at[4] ?? 0];
      const filters = [
        { consumerId: 'c-1' },
        { keyId },
        { feature: 'b' },
        { startAt },
        { endAt },
        { startAt, endAt, feature: 'a', consumerId: 'c-2' },
        { keyId, startAt, feature: 'b' },
        { consumerId: 'c-9' },
      ];
      for (const filter of filters) {
        const expected = all.filter(
          (event) =>
            (filter.consumerId === undefined || event.consumerId === filter.consumerId) &&
            (filter.keyId === undefined || event.keyId === filter.keyId) &&
            (filter.feature === undefined || event.feature === filter.feature) &&
            (filter.startAt === undefined || event.at >= filter.startAt) &&
            (filter.endAt === undefined || event.at < filter.endAt),
        );
        for (const limit of [1, 5, 1000])
          assert.deepEqual(await listAll((page) => store.listUsageEvents(filter, page), limit), expected);
      }
    });

    it('keeps those whose key and tier are deleted', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier');
      await mustDraw(store, [tier], 'a');
      await store.deleteKey(key.id, () => eventOf('DeleteKey'));
      await store.deleteTier('tier', () => eventOf('DeleteTier'));
      assert.equal((await usageEventsOnce(store, 1, { keyId: key.id })).length, 1);
    });
  });
}

function registerWithholdTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a withheld draw`, () => {
    it('keeps its row, marked so, and its units stay spent', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [limitOf('sliding', 2, 3_600_000)] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(9)] });
      const [late, other] = drawn(await drawMany(store, [tier], 'a', 2));
      assert.ok(late && other);
      await store.withhold([late.drawId]);
      await store.withhold([late.drawId]);
      const events = await usageEventsOnce(store, 2);
      const withheld = new Map(events.map((event) => [event.id, event.withheld]));
      assert.deepEqual([withheld.get(late.drawId), withheld.get(other.drawId)], [true, false]);
      assert.equal((await drawOne(store, [tier], 'a')).kind, 'exhausted');
      assert.equal((await store.getKey(key.id))?.budgets[0]?.used, 2);
    });

    it('may be unknown: nothing happens then', async (t) => {
      const { store } = await useStore(t, makeStore);
      await store.withhold([]);
      await store.withhold(['nobody.0', 'nonsense']);
      assert.deepEqual(await usageEvents(store), []);
    });
  });
}

async function deleteAll(store: Store, before: number): Promise<void> {
  while ((await store.deleteExpired(before, 5)) > 0);
}

function registerRetentionTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: the retention of usage events`, () => {
    it('deletes those before a moment, so many at a time, and no others', async (t) => {
      const opened = await useStore(t, makeStore, { summedSpans: SHORT_SPANS });
      const { store, waitUntil } = opened;
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(2));
      const old: Drawn[] = [];
      while (old.length < 12) old.push(await mustDraw(store, [tier], 'a'));
      await waitUntil(store, Math.max(...old.map(({ at }) => at)) + 20);
      const before = store.now();
      await waitUntil(store, before + 20);
      const kept = drawn(await drawMany(store, [tier], 'a', 5));
      await usageEventsOnce(store, 17);
      await sumBefore(opened, before);
      assert.equal(await store.deleteExpired(before, 7), 7);
      await deleteAll(store, before);
      assert.deepEqual(ids(await usageEvents(store)).sort(), kept.map(({ drawId }) => drawId).sort());
    });

    it('deletes those of a key with budgets too, once their takes are settled', async (t) => {
      const opened = await useStore(t, makeStore, { openTakeMs: 500, summedSpans: SHORT_SPANS });
      const { store } = opened;
      const tier = await addTier(store, { a: [] });
      const key = await addKey(store, 'tier', { budgets: [budgetOf(1000)] });
      await drawMany(store, [tier], 'a', 6);
      await usageEventsOnce(store, 6);
      await sumBefore(opened, store.now());
      await eventually('all are deleted', async () => {
        await store.recoverOpenTakes(100);
        await deleteAll(store, store.now());
        return (await usageEvents(store)).length === 0 ? true : null;
      });
      assert.equal((await store.getKey(key.id))?.budgets[0]?.used, 6);
    });
  });
}
