import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MongoClient } from 'mongodb';
import { v7 as uuid } from 'uuid';
import { StoreOpenError } from '../../src/store/errors.ts';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import { sharedMongod, startStandaloneMongod } from '../support/mongod.ts';
import { freePort } from '../support/mongod-process.ts';
import { systemClock } from '../support/test-clock.ts';

const options = { clock: systemClock, newId: uuid, warn: () => {} };

/** A database in which a store was opened before, with a client to spoil it. */
async function usedDatabase(t: TestContext) {
  const lease = await sharedMongod();
  const client = await MongoClient.connect(lease.uri);
  t.after(async () => {
    await client.close();
    await lease.drop();
  });
  await (await openMongoStore(lease.uri, options)).close();
  return { uri: lease.uri, db: client.db(lease.databaseName) };
}

async function refusal(url: string): Promise<string> {
  const error: unknown = await openMongoStore(url, options).then(
    (store) => store.close(),
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof StoreOpenError, String(error));
  return error.message;
}

describe('opening MongoDB', () => {
  it('is refused on a standalone server, with the command that makes it a replica set', async (t) => {
    const standalone = await startStandaloneMongod();
    t.after(standalone.stop);
    assert.match(await refusal(standalone.databaseUri('keypool')), /--replSet .*rs\.initiate\(\)/);
  });

  it('is refused on a newer schema', async (t) => {
    const { uri, db } = await usedDatabase(t);
    await db.collection('schema').updateOne({}, { $set: { version: 999 } });
    assert.match(await refusal(uri), /schema 999, newer than/);
  });

  it('is refused where a candidate read would sort or scan', async (t) => {
    const { uri, db } = await usedDatabase(t);
    await db.collection('keys').dropIndex('places');
    assert.match(await refusal(uri), /index "places" \(ready: no such index\)/);
    await db.collection('keys').createIndex({ tierId: 1, name: 1 }, { name: 'places' });
    assert.match(await refusal(uri), /index "places" \(ready: .*SORT/);
  });

  it('is refused in seconds where nothing answers, without showing a credential', async () => {
    const port = await freePort();
    const url = `mongodb://someone:upstream-value-1@127.0.0.1:${port}/keypool?serverSelectionTimeoutMS=300`;
    const message = await refusal(url);
    assert.match(message, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.doesNotMatch(message, /someone|upstream-value-1/);
  });

  it('is refused with a URL that weakens the durability of writes', async () => {
    for (const weak of ['journal=false', 'wtimeoutMS=5'])
      assert.match(await refusal(`mongodb://127.0.0.1:1/keypool?${weak}`), /remove its options w, journal/);
  });

  it('is refused with a URL that cannot be read, without showing it', async () => {
    const message = await refusal('mongodb://someone:upstream-value-1@/keypool');
    assert.match(message, /mongodb:\/\/\[user:password@\]/);
    assert.doesNotMatch(message, /someone|upstream-value-1/);
  });

  it('works for several processes that find an empty database at the same time', async (t) => {
    const lease = await sharedMongod();
    t.after(lease.drop);
    const stores = await Promise.all([1, 2, 3, 4].map(() => openMongoStore(lease.uri, options)));
    const versions = await Promise.all(stores.map(async (store) => (await store.status()).schemaVersion));
    await Promise.all(stores.map((store) => store.close()));
    assert.deepEqual(new Set(versions), new Set([3]));
  });
});
