import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chargeAll,
  chargeOf,
  chargeOne,
  freshRequest,
  grantedCount,
  poolOf,
  verifyEvent,
} from '../support/charging.ts';
import { allUsageEvents } from '../support/listing.ts';
import { type StoreFactory, useStore } from '../support/store-harness.ts';

export function registerChargedRequestTests(name: string, makeStore: StoreFactory): void {
  describe(`${name}: a charge with a request id`, () => {
    it('is made once, and its retries are told the same', async (t) => {
      const { store } = await useStore(t, makeStore);
      const idempotency = freshRequest();
      const charge = () => chargeOf([poolOf(10)], 4, { idempotency, event: verifyEvent({ units: 4 }) });
      const first = await chargeOne(store, charge());
      const retry = await chargeOne(store, charge());
      assert.deepEqual(retry, { ...first, replayed: true });
      const { pools } = await chargeOne(store, chargeOf([poolOf(10)], 0));
      assert.equal(pools[0]?.remaining, 6);
      assert.equal((await allUsageEvents(store)).length, 1);
    });

    it('is made once when its calls come together', async (t) => {
      const harness = await makeStore();
      t.after(harness.close);
      const stores = await harness.openMany(3);
      const [store] = stores;
      if (store === undefined) return assert.fail('none was opened');
      const idempotency = freshRequest();
      const charges = Array.from({ length: 5 }, () =>
        chargeOf([poolOf(10)], 3, { idempotency, event: verifyEvent({ units: 3 }) }),
      );
      const results = (await Promise.all(stores.map((one) => chargeAll(one, charges)))).flat();
      assert.equal(grantedCount(results), results.length);
      assert.equal(results.filter((result) => result.kind === 'charged' && !result.replayed).length, 1);
      const { pools } = await chargeOne(store, chargeOf([poolOf(10)], 0));
      assert.equal(pools[0]?.remaining, 7);
      assert.equal((await allUsageEvents(store)).length, 1);
    });

    it('is refused with other fields', async (t) => {
      const { store } = await useStore(t, makeStore);
      const idempotency = freshRequest('these');
      await chargeOne(store, chargeOf([poolOf(10)], 4, { idempotency }));
      const other = chargeOf([poolOf(10)], 5, { idempotency: { ...idempotency, fingerprint: 'others' } });
      assert.deepEqual(await chargeAll(store, [other]), [{ kind: 'reused' }]);
      const together = freshRequest('these');
      const results = await chargeAll(store, [
        chargeOf([poolOf(10)], 1, { idempotency: together }),
        chargeOf([poolOf(10)], 2, { idempotency: { ...together, fingerprint: 'others' } }),
      ]);
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['charged', 'reused'],
      );
    });

    it('leaves the id free when it was refused', async (t) => {
      const { store, waitUntil, windowMs } = await useStore(t, makeStore);
      const pool = poolOf(4, 'pool', windowMs);
      const idempotency = freshRequest();
      await chargeOne(store, chargeOf([pool], 4));
      const refused = await chargeOne(store, chargeOf([pool], 4, { idempotency }));
      assert.equal(refused.granted, false);
      await waitUntil(store, (refused.pools[0]?.nextAt ?? 0) + 50);
      const granted = await chargeOne(store, chargeOf([pool], 4, { idempotency }));
      assert.deepEqual([granted.granted, granted.replayed], [true, false]);
    });
  });
}
