import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { v7 as uuid } from 'uuid';
import { drawMany, kinds, mustDraw } from '../../../test/support/drawing.ts';
import { limitOf } from '../../../test/support/meter-run.ts';
import { addKeys, addTier, eventOf, same } from '../../../test/support/store-rows.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { systemClock } from '../../../test/support/test-clock.ts';
import { StoreError } from '../errors.ts';
import { openDatabase } from './database-file.ts';
import { migrate } from './migrations.ts';
import { createSqliteStore } from './store.ts';

/** The database may grow by so many pages and no more, as on a full disk. */
function fill(db: DatabaseSync, pagesLeft: number): void {
  const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count);
  db.exec(`PRAGMA max_page_count = ${pages + pagesLeft}`);
}

function empty(db: DatabaseSync): void {
  db.exec('PRAGMA max_page_count = 1000000');
}

async function useFile(t: TestContext) {
  const folder = await temporaryFolder();
  const path = folder.file('keypool.db');
  const db = openDatabase(path);
  migrate(db, path);
  const store = createSqliteStore(db, path, { clock: systemClock, newId: uuid, warn: () => {} });
  t.after(async () => {
    await store.close();
    await folder.remove();
  });
  return { db, store };
}

function isFull(error: unknown): boolean {
  return error instanceof StoreError && error.kind === 'unavailable' && /full/.test(String(error.cause));
}

describe('SQLite: a full disk', () => {
  it('refuses a round whole, and serves the next once there is room, as if that had not been', async (t) => {
    const { db, store } = await useFile(t);
    const tier = await addTier(store, { a: [limitOf('sliding', 100, 60_000)] });
    await addKeys(store, 'tier', same(3));
    await mustDraw(store, [tier], 'a');
    fill(db, 0);
    const requestId = 'r'.repeat(200);
    await assert.rejects(drawMany(store, [tier], 'a', 200, { requestId, consumerId: 'new' }), isFull);
    assert.equal((await store.listUsageEvents({}, { after: null, limit: 1000 })).items.length, 1);
    empty(db);
    const results = await drawMany(store, [tier], 'a', 300, { requestId, consumerId: 'new' });
    assert.deepEqual(kinds(results), { drawn: 299, exhausted: 1 });
    const listed = await store.listUsageEvents({ consumerId: 'new' }, { after: null, limit: 1000 });
    assert.equal(listed.items.length, 299);
  });

  it('refuses a creation whole, and none of its keys is there', async (t) => {
    const { db, store } = await useFile(t);
    await addTier(store, { a: [] });
    fill(db, 2);
    await assert.rejects(addKeys(store, 'tier', same(500)), isFull);
    empty(db);
    assert.deepEqual((await store.listKeys({}, { after: null, limit: 10 })).items, []);
    assert.equal((await addKeys(store, 'tier', same(500))).length, 500);
  });

  it('leaves the database usable after an error of a callback, which reaches the caller as it is', async (t) => {
    const { store } = await useFile(t);
    await addTier(store, { a: [] });
    const mistake = new TypeError('a mistake');
    const edit = store.editTier('tier', () => {
      throw mistake;
    });
    await assert.rejects(edit, mistake);
    await store.editTier('tier', (tier) => ({
      row: { ...tier, description: 'b' },
      event: eventOf('UpdateTier'),
    }));
    assert.equal((await store.getTier('tier'))?.description, 'b');
  });
});
