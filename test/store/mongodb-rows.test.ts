import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import { drawMany, drawn, drawOne, kinds, mustDraw } from '../support/drawing.ts';
import { eventually } from '../support/eventually.ts';
import { limitOf } from '../support/meter-run.ts';
import { useStoreAndDatabase } from '../support/mongodb-database.ts';
import { addGroup } from '../support/quota-groups.ts';
import { mustReport } from '../support/reporting.ts';
import { addKey, addKeys, addTier, same } from '../support/store-rows.ts';
import { shiftedClock, systemClock } from '../support/test-clock.ts';

const HOUR_MS = 3_600_000;

/** A store, with a client of its database that does what clocks and other writers might. */
async function scene(t: TestContext) {
  const { client, db, store } = await useStoreAndDatabase(t);
  const tiers = [await addTier(store, { a: [] })];
  const keys = db.collection<{ _id: string }>('keys');
  return { client, store, tiers, keys };
}

describe('a key that was put out as expired by a clock that was ahead', () => {
  it('comes back with the next sweep, when a draw had met it', async (t) => {
    const { store, tiers, keys } = await scene(t);
    const expireAt = store.now() + HOUR_MS;
    await addKey(store, 'tier', { expireAt });
    const out = { ready: {}, due: {}, outExpired: expireAt };
    await keys.updateOne({}, { $set: out, $unset: { parkAt: true } });
    assert.deepEqual(kinds(await drawMany(store, tiers, 'a', 1)), { empty: 1 });
    assert.equal(await store.parkExpiredKeys(10), 1);
    await mustDraw(store, tiers, 'a');
    assert.equal(await store.parkExpiredKeys(10), 0);
  });
});

describe('a row that another transaction holds', () => {
  it('holds up draws of other keys for a second at most, and is drawn when it is free', async (t) => {
    const { client, store, tiers, keys } = await scene(t);
    const held = await addKey(store, 'tier');
    await addKey(store, 'tier');
    const session = client.startSession();
    session.startTransaction();
    await keys.updateOne({ _id: held.id }, { $inc: { locks: 1 } }, { session });
    const askedAt = performance.now();
    assert.deepEqual(kinds(await drawMany(store, tiers, 'a', 4)), { drawn: 4 });
    assert.ok(performance.now() - askedAt < 2500);
    await session.abortTransaction();
    await session.endSession();
    await eventually('it is drawn', async () => {
      const after = await drawMany(store, tiers, 'a', 4);
      return after.some((result) => result.kind === 'drawn' && result.keyId === held.id) || null;
    });
  });
});

describe('a row that was read ahead', () => {
  it('is not taken from as it was when another process has counted a report of more units since', async (t) => {
    const { store, uri } = await useStoreAndDatabase(t);
    const tiers = [await addTier(store, { a: [limitOf('sliding', 30, HOUR_MS)] })];
    const [first, second] = await addKeys(store, 'tier', same(4));
    const other = await openMongoStore(uri, { clock: systemClock, newId: uuid, warn: () => {} });
    t.after(other.close);
    await mustDraw(store, tiers, 'a');
    const draw = await mustDraw(store, tiers, 'a', { units: 5 });
    assert.equal(draw.keyId, second?.id);
    await mustDraw(store, tiers, 'a');
    await mustDraw(store, tiers, 'a');
    // With this one the others are read too, and stay at the head.
    assert.equal((await mustDraw(store, tiers, 'a')).keyId, first?.id);
    await mustReport(other, draw, 'ok', { units: 27 });
    const results = drawn(await drawMany(store, tiers, 'a', 16));
    assert.equal(results.length, 16);
    assert.equal(results.filter(({ keyId }) => keyId === draw.keyId).length, 3);
  });
});

describe('a report of more units', () => {
  for (const algorithm of ['sliding', 'fixed'] as const)
    it(`counts at the server’s moment, and what counts by then stays, where the process’s is ahead: ${algorithm}`, async (t) => {
      const { store, uri } = await useStoreAndDatabase(t);
      const tiers = [await addTier(store, { a: [limitOf(algorithm, 40, 6000)] })];
      await addKey(store, 'tier');
      const { clock, forward } = shiftedClock();
      const other = await openMongoStore(uri, { clock, newId: uuid, warn: () => {} });
      t.after(other.close);
      const draw = await mustDraw(store, tiers, 'a', { units: 39 });
      // As if the primary before had had another time, until the server is asked for its own.
      forward(60_000);
      await mustReport(other, draw, 'ok', { units: 40 });
      const result = await drawOne(store, tiers, 'a');
      assert.equal(result.kind, 'exhausted');
      assert.ok(result.kind === 'exhausted' && result.nextAt !== null && result.nextAt < store.now() + 7000);
    });
});

describe('an edit', () => {
  it('is made at the server’s moment, where the process’s is ahead, and after every take', async (t) => {
    const { store, uri, db } = await useStoreAndDatabase(t);
    await addTier(store, { a: [] });
    const key = await addKey(store, 'tier');
    await addGroup(store);
    const { clock, forward } = shiftedClock();
    const other = await openMongoStore(uri, { clock, newId: uuid, warn: () => {} });
    t.after(other.close);
    const moments: number[] = [];
    const note = async () => {
      forward(60_000);
      await other.editKey(key.id, (row, _tier, now) => ({ row, event: (moments.push(now), null) }));
      forward(60_000);
      await other.editGroup('account', (row, now) => ({ row, event: (moments.push(now), null) }));
    };
    await note();
    const ahead = store.now() + 30_000;
    assert.ok(moments.length === 2 && moments.every((now) => now < ahead));
    const takenAt = store.now() + 500_000;
    for (const rows of ['keys', 'quota_groups'])
      await db.collection(rows).updateOne({}, { $set: { takenAt } });
    await note();
    assert.deepEqual(moments.slice(2), [takenAt, takenAt]);
  });
});
