import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardMs } from '../../src/model/tier.ts';
import { chargeAll, chargeOf, chargeOne, grantedCount, poolOf, verifyEvent } from '../support/charging.ts';
import { allUsageEvents } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';

export function registerCreditTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a pool of credits`, () => {
    it('grants what it has, refuses the rest, and tells where it stands', async (t) => {
      const { store } = await useStore(t, makeStore);
      const pool = poolOf(10);
      const results = await chargeAll(
        store,
        [4, 4, 4, 2].map((cost) => chargeOf([pool], cost)),
      );
      assert.deepEqual(
        results.map((result) => result.kind === 'charged' && result.granted),
        [true, true, false, true],
      );
      const span = pool.limit.windowMs + guardMs(pool.limit);
      const first = await chargeOne(store, chargeOf([pool], 0));
      assert.equal(first.pools[0]?.remaining, 0);
      const [refused] = await store.chargeRound([chargeOf([pool], 3)]);
      assert.ok(refused?.kind === 'charged' && !refused.granted);
      const at = results[0]?.kind === 'charged' ? results[0].at : assert.fail('it was granted');
      assert.deepEqual(refused.pools, [{ remaining: 0, resetAt: at + span, nextAt: at + span }]);
    });

    it('gives credits back when their window is over', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const pool = poolOf(3, 'pool', windowMs);
      const charged = await chargeOne(store, chargeOf([pool], 3));
      const refused = await chargeOne(store, chargeOf([pool], 1));
      assert.equal(refused.granted, false);
      const nextAt = charged.at + windowMs + guardMs(pool.limit);
      assert.equal(refused.pools[0]?.nextAt, nextAt);
      await waitUntil(store, nextAt + 50);
      const again = await chargeOne(store, chargeOf([pool], 3));
      assert.equal(again.granted, true);
      assert.ok(again.at >= nextAt);
    });

    it('never grants what costs more than its limit, and says that waiting does not help', async (t) => {
      const { store } = await useStore(t, makeStore);
      const { granted, pools } = await chargeOne(store, chargeOf([poolOf(10)], 11));
      assert.equal(granted, false);
      assert.equal(pools[0]?.nextAt, null);
      assert.equal(pools[0]?.remaining, 10);
    });

    it('goes on with what was counted under another limit', async (t) => {
      const { store } = await useStore(t, makeStore);
      await chargeOne(store, chargeOf([poolOf(1000)], 40));
      const lower = await chargeOne(store, chargeOf([poolOf(30)], 1));
      assert.deepEqual([lower.granted, lower.pools[0]?.remaining], [false, 0]);
      const higher = await chargeOne(store, chargeOf([poolOf(2000)], 1));
      assert.deepEqual([higher.granted, higher.pools[0]?.remaining], [true, 1959]);
    });

    it('is as it was when the store is opened again', async (t) => {
      const { store, open } = await useStore(t, makeStore);
      await chargeOne(store, chargeOf([poolOf(100)], 60));
      await store.close();
      const reopened = await open();
      const { granted, pools } = await chargeOne(reopened, chargeOf([poolOf(100)], 41));
      assert.deepEqual([granted, pools[0]?.remaining], [false, 40]);
    });

    it('is exact under calls from several processes at once', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(3);
      const rounds = stores.flatMap((store) =>
        Array.from({ length: 12 }, () =>
          store.chargeRound(Array.from({ length: 10 }, (_, i) => chargeOf([poolOf(200)], (i % 3) + 1))),
        ),
      );
      const results = (await Promise.all(rounds)).flat();
      const spent = results.reduce(
        (sum, result, i) => sum + (result.kind === 'charged' && result.granted ? ((i % 10) % 3) + 1 : 0),
        0,
      );
      assert.equal(spent, 200);
    });
  });

  describe(`${name}: a charge`, () => {
    it('draws on all of its pools or on none', async (t) => {
      const { store } = await useStore(t, makeStore);
      const [own, owner] = [poolOf(100, 'c:1'), poolOf(5, 'o:1')];
      const results = await chargeAll(
        store,
        [3, 3, 2].map((cost) => chargeOf([own, owner], cost)),
      );
      assert.deepEqual(
        results.map((result) => result.kind === 'charged' && result.granted),
        [true, false, true],
      );
      const after = await chargeOne(store, chargeOf([own, owner], 0));
      assert.deepEqual(
        after.pools.map(({ remaining }) => remaining),
        [95, 0],
      );
    });

    it('that one of its pools refuses tells of the others what they have', async (t) => {
      const { store } = await useStore(t, makeStore);
      const pools = [poolOf(100, 'c:1'), poolOf(70, 'o:1')];
      await chargeOne(store, chargeOf(pools.slice(1), 20));
      const refused = await chargeOne(store, chargeOf(pools, 60));
      const told = refused.pools.map(({ remaining, nextAt }) => [remaining, nextAt === refused.at]);
      assert.deepEqual(
        [refused.granted, told],
        [
          false,
          [
            [100, true],
            [50, false],
          ],
        ],
      );
    });

    it('is on record when it was granted, and leaves nothing behind when it was refused', async (t) => {
      const { store } = await useStore(t, makeStore);
      const events = [verifyEvent({ units: 4 }), verifyEvent({ units: 7 }), verifyEvent({ units: 6 })];
      const pool = poolOf(10);
      const results = await store.chargeRound(
        events.map((event) => chargeOf([pool], event.units, { event })),
      );
      assert.equal(grantedCount(results), 2);
      const listed = await allUsageEvents(store);
      assert.deepEqual(listed.map(({ units }) => units).sort(), [4, 6]);
    });

    it('is put on record also where nothing limits it', async (t) => {
      const { store } = await useStore(t, makeStore);
      const event = verifyEvent();
      const result = await chargeOne(store, chargeOf([], 1, { event }));
      assert.deepEqual([result.granted, result.pools], [true, []]);
      assert.deepEqual(
        (await allUsageEvents(store)).map(({ id }) => id),
        [event.id],
      );
    });
  });
}
