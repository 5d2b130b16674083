import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMany, drawn } from '../support/drawing.ts';
import { allUsageEvents, listAll } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';
import { addKeys, addTier, same } from '../support/store-rows.ts';
import { recordOf } from '../support/summed-usage.ts';

export function registerUsageRecordTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a usage record`, () => {
    it('is listed with all that it says, and its moment', async (t) => {
      const { store } = await useStore(t, makeStore);
      const full = recordOf({
        kind: 'verify',
        consumerId: 'subject:a|b "c"',
        units: 0,
        resource: '/chat',
        endpoint: 'POST /v1/chat/{id}',
        statusCode: 503,
        outcome: 'upstream_error',
        requestId: 'r-1',
        peerAddress: '2001:db8::1',
      });
      const before = store.now();
      assert.equal(await store.recordUsage([full]), 1);
      const [event] = await allUsageEvents(store);
      const { once: _, ...said } = full;
      assert.deepEqual(event, { ...said, at: event?.at });
      assert.ok(event !== undefined && event.at >= before - 1 && event.at <= store.now());
    });

    it('may say little, and may be one of many or of none', async (t) => {
      const { store } = await useStore(t, makeStore);
      assert.equal(await store.recordUsage([]), 0);
      const records = Array.from({ length: 100 }, (_, i) => recordOf({ once: i % 2 === 0 }));
      assert.equal(await store.recordUsage(records), 100);
      const events = await allUsageEvents(store);
      assert.deepEqual(events.map(({ id }) => id).sort(), records.map(({ id }) => id).sort());
      for (const event of events)
        assert.ok(event.kind === 'recorded' && event.resource === null && event.statusCode === null);
    });

    it('that is to be kept once is, also when it comes again with others, or says something else', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      const [a, b, c] = ['a', 'b', 'c'].map((id) => recordOf({ id, once: true, units: 1 }));
      assert.ok(a && b && c);
      assert.equal(await store.recordUsage([a, b]), 2);
      assert.equal(await store.recordUsage([{ ...a, units: 9 }, c]), 1);
      assert.equal(await store.recordUsage([c, b, c]), 0);
      await store.close();
      const again = await open();
      assert.equal(await again.recordUsage([a]), 0);
      const events = await allUsageEvents(again);
      assert.deepEqual(events.map(({ id, units }) => `${id} ${units}`).sort(), ['a 1', 'b 1', 'c 1']);
    });
  });

  describe(`${name}: the list of usage events of all kinds`, () => {
    it('shows each once, newest first, by consumer and time, in pages of any size', async (t) => {
      const { store, waitUntil } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      await addKeys(store, 'tier', same(2));
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) {
        const consumerId = `c-${i % 2}`;
        const draws = drawn(await drawMany(store, [tier], 'a', 3, { consumerId }));
        const records = [
          recordOf({ consumerId }),
          recordOf({ consumerId, kind: 'verify' }),
          recordOf({ consumerId: 'c-2' }),
          recordOf({ consumerId, once: true }),
        ];
        await store.recordUsage(records);
        ids.push(...draws.map(({ drawId }) => drawId), ...records.map(({ id }) => id));
        await waitUntil(store, store.now() + 3);
      }
      const all = await allUsageEvents(store);
      assert.deepEqual(all.map(({ id }) => id).sort(), ids.sort());
      assert.ok(all.every(({ at }, i) => i === 0 || at <= (all[i - 1]?.at ?? 0)));
      const middle = all[20]?.at ?? 0;
      for (const consumerId of ['c-0', 'c-1', 'c-2', undefined])
        for (const period of [{}, { startAt: middle }, { endAt: middle }]) {
          const { startAt = 0, endAt = Infinity } = { startAt: 0, endAt: Infinity, ...period };
          const expected = all.filter(
            (event) =>
              event.at >= startAt &&
              event.at < endAt &&
              (consumerId === undefined || event.consumerId === consumerId),
          );
          const filter = { ...period, ...(consumerId === undefined ? {} : { consumerId }) };
          for (const limit of [1, 4, 1000])
            assert.deepEqual(await listAll((page) => store.listUsageEvents(filter, page), limit), expected);
        }
    });

    it('has draws alone by key and by feature', async (t) => {
      const { store } = await useStore(t, makeStore);
      const tier = await addTier(store, { a: [] });
      const [key] = await addKeys(store, 'tier', same(1));
      await store.recordUsage([recordOf()]);
      await drawMany(store, [tier], 'a', 2);
      for (const filter of [{ keyId: key?.id ?? '' }, { feature: 'a' }])
        assert.equal((await allUsageEvents(store, filter)).length, 2);
    });
  });
}
