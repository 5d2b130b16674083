import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { drawMany, drawn } from '../../../test/support/drawing.ts';
import { usageEvents } from '../../../test/support/listing.ts';
import { addKeys, addTier, eventOf, same } from '../../../test/support/store-rows.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { testClock } from '../../../test/support/test-clock.ts';
import { openSqliteStore } from './open.ts';

/** More than are left waiting to be indexed, and no multiple of it. */
const DRAWS = 2500;
const PAGE = { after: null, limit: 1000 };

describe('SQLite: usage events that are indexed in batches', () => {
  it('are listed at once, by every filter, also after the store was closed on unindexed ones', async () => {
    await using folder = await temporaryFolder();
    const clock = testClock();
    const open = () => openSqliteStore(folder.file('keypool.db'), { clock, newId: uuid, warn: () => {} });
    const first = await open();
    const tier = await addTier(first, { a: [] });
    const [key] = await addKeys(first, 'tier', same(5));
    const served = drawn(await drawMany(first, [tier], 'a', DRAWS, { consumerId: 'c' }));
    await first.close();
    const store = await open();
    for (const filter of [{}, { consumerId: 'c' }, { feature: 'a' }, { startAt: 0 }]) {
      const { items } = await store.listUsageEvents(filter, PAGE);
      assert.deepEqual(
        items.map(({ id }) => id),
        served
          .map(({ drawId }) => drawId)
          .toReversed()
          .slice(0, PAGE.limit),
      );
    }
    assert.equal((await store.listUsageEvents({ keyId: key?.id ?? '' }, PAGE)).items.length, DRAWS / 5);
    await store.close();
  });

  it('are listed once each, wherever in a batch the store was closed or a write was undone', async () => {
    await using folder = await temporaryFolder();
    const clock = testClock();
    const open = () => openSqliteStore(folder.file('keypool.db'), { clock, newId: uuid, warn: () => {} });
    let store = await open();
    const tier = await addTier(store, { a: [] });
    const keys = await addKeys(store, 'tier', same(2));
    const ids: string[] = [];
    const drawRounds = async (rounds: number) => {
      for (let i = 0; i < rounds; i += 1)
        for (const { drawId } of drawn(await drawMany(store, [tier], 'a', 256, { consumerId: 'c' })))
          ids.push(drawId);
    };
    // A batch begins with the eighth round and has a part in each of the next ones.
    for (const roundsInBatch of [1, 2, 3, 4, 5]) {
      await drawRounds(7 + roundsInBatch);
      await assert.rejects(
        store.deleteTier('tier', () => eventOf('DeleteTier')),
        { kind: 'not-empty' },
      );
      await drawRounds(1);
      await store.close();
      store = await open();
    }
    for (const filter of [{}, { consumerId: 'c' }, { feature: 'a' }])
      assert.deepEqual(
        (await usageEvents(store, filter)).map(({ id }) => id),
        ids.toReversed(),
      );
    const byKey = await Promise.all(keys.map(({ id }) => usageEvents(store, { keyId: id })));
    assert.deepEqual(
      byKey
        .flat()
        .map(({ id }) => id)
        .sort(),
      ids.toSorted(),
    );
    await store.close();
  });

  it('never get the place of a deleted one', async () => {
    await using folder = await temporaryFolder();
    const clock = testClock();
    const open = () => openSqliteStore(folder.file('keypool.db'), { clock, newId: uuid, warn: () => {} });
    const first = await open();
    const tier = await addTier(first, { a: [] });
    await addKeys(first, 'tier', same(1));
    await drawMany(first, [tier], 'a', 5);
    assert.equal(await first.deleteExpired(clock.nowMs() + 1, 100), 5);
    await first.close();
    const store = await open();
    const [after] = drawn(await drawMany(store, [tier], 'a', 1));
    const { items } = await store.listUsageEvents({}, PAGE);
    assert.deepEqual(
      items.map(({ id }) => id),
      [after?.drawId],
    );
    await store.close();
  });
});
