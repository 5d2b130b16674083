import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UsageRecord } from '../../src/model/audit.ts';
import { chargeOf, chargeOne, freshRequest, poolOf } from '../support/charging.ts';
import { sqliteHarness } from '../support/sqlite-harness.ts';

const HALF_HOUR_MS = 1_800_000;

describe('SQLite: pools of credits', () => {
  it('that count nothing any more are deleted, with the request ids that are over', async (t) => {
    const { clock, open, close } = await sqliteHarness();
    t.after(close);
    const store = await open();
    const idempotency = freshRequest();
    await chargeOne(store, chargeOf([poolOf(10, 'a'), poolOf(10, 'b')], 3, { idempotency }));
    assert.equal(await store.sweepCredits(100), 0);
    clock.advance(HALF_HOUR_MS);
    await chargeOne(store, chargeOf([poolOf(10, 'b')], 4));
    assert.equal(await store.sweepCredits(1), 1);
    assert.equal(await store.sweepCredits(100), 1);
    assert.equal(await store.sweepCredits(100), 0);
    const again = await chargeOne(store, chargeOf([poolOf(10, 'a'), poolOf(10, 'b')], 2, { idempotency }));
    assert.equal(again.replayed, false);
    assert.deepEqual(
      again.pools.map(({ remaining }) => remaining),
      [8, 4],
    );
  });

  it('are the same after a crash, however many rounds came before', async (t) => {
    const { clock, open, close } = await sqliteHarness();
    t.after(close);
    let store = await open();
    const pools = Array.from({ length: 40 }, (_, i) => poolOf(i % 2 === 0 ? 30 : 10_000, `p${i}`));
    const wanted = pools.map(({ limit }) => limit.limit);
    for (let round = 0; round < 150; round += 1) {
      clock.advance(7);
      const charged = pools.filter((_, i) => (round + i) % 7 === 0);
      await store.chargeRound(charged.map((pool) => chargeOf([pool], 1)));
      for (const pool of charged)
        wanted[pools.indexOf(pool)] = Math.max(0, (wanted[pools.indexOf(pool)] ?? 0) - 1);
      if (round % 50 !== 49) continue;
      // What a process that was killed would leave behind: closing writes nothing more of credits.
      await store.close();
      store = await open();
      const left = await Promise.all(pools.map((pool) => chargeOne(store, chargeOf([pool], 0))));
      assert.deepEqual(
        left.map((charge) => charge.pools[0]?.remaining),
        wanted,
      );
    }
  });

  it('are as they were before when a round could not be written, whenever that is', async (t) => {
    const { open, close } = await sqliteHarness();
    t.after(close);
    let store = await open();
    // A row that cannot be written: the round is undone, with what it has counted.
    const event: UsageRecord = JSON.parse('{"id": {}, "once": false, "kind": "verify", "consumerId": "c"}');
    for (let round = 1; round <= 70; round += 1) {
      await chargeOne(store, chargeOf([poolOf(1000)], 3));
      const failing = [chargeOf([poolOf(1000), poolOf(10, 'new')], 5, { event })];
      await assert.rejects(store.chargeRound(failing));
      const { pools } = await chargeOne(store, chargeOf([poolOf(1000), poolOf(10, 'new')], 0));
      assert.deepEqual(
        pools.map(({ remaining }) => remaining),
        [1000 - 3 * round, 10],
      );
    }
    await store.close();
    store = await open();
    assert.equal((await chargeOne(store, chargeOf([poolOf(1000)], 0))).pools[0]?.remaining, 790);
  });
});
