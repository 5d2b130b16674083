import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Document, MongoClient } from 'mongodb';
import { v7 as uuid } from 'uuid';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import { allUsageEvents } from '../support/listing.ts';
import { sharedMongod } from '../support/mongod.ts';
import { plainCount, summaryOf, sumNow } from '../support/summed-usage.ts';
import { systemClock } from '../support/test-clock.ts';

const options = { clock: systemClock, newId: uuid, warn: () => {} };

/** A consumer as the first schema wrote it. */
function firstConsumer(id: string, tokenHash: string) {
  return {
    _id: id,
    name: 'Ada',
    description: 'd',
    owner: 'team',
    environment: 'test',
    scopes: ['mine'],
    allowedIps: ['::1'],
    creditsPerMinute: 7,
    state: 'active',
    expireAt: 9000,
    tokenHash,
    grantedTierIds: [],
    lastUsedAt: 5,
    version: 3,
    createdAt: 1,
    updatedAt: 2,
  };
}

async function emptyDatabase(t: TestContext) {
  const lease = await sharedMongod();
  const client = await MongoClient.connect(lease.uri);
  t.after(async () => {
    await client.close();
    await lease.drop();
  });
  const db = client.db(lease.databaseName);
  // Later schemas add to the keys of the first: its own index must be there.
  await db
    .collection('keys')
    .createIndex({ '$**': 1 }, { wildcardProjection: { ready: 1, due: 1 }, name: 'places' });
  return { uri: lease.uri, db };
}

describe('MongoDB: a database of the first schema', () => {
  it('keeps its consumers, also those that a process of the first schema writes later', async (t) => {
    const { uri, db } = await emptyDatabase(t);
    const rows = db.collection<Document & { _id: string }>('consumers');
    await rows.insertOne(firstConsumer('c1', 'a'.repeat(64)));
    await db.collection<{ _id: string; version: number }>('schema').insertOne({ _id: 'schema', version: 1 });
    const store = await openMongoStore(uri, options);
    await rows.insertOne(firstConsumer('c2', 'b'.repeat(64)));
    assert.equal((await store.status()).schemaVersion, 3);
    for (const [id, tokenHash] of [
      ['c1', 'a'.repeat(64)],
      ['c2', 'b'.repeat(64)],
    ] as const) {
      const { _id, ...fields } = firstConsumer(id, tokenHash);
      const added = { creditLimits: [], revocation: null, previousToken: null };
      assert.deepEqual(await store.findConsumerByTokenHash(tokenHash), { id: _id, ...fields, ...added });
    }
    const { items } = await store.listConsumers({ owner: 'team' }, { after: null, limit: 10 });
    assert.deepEqual(
      items.map(({ id }) => id),
      ['c1', 'c2'],
    );
    await store.close();
  });

  it('has the draws that were there in its sums, and those that a process of the first schema writes later', async (t) => {
    const { uri, db } = await emptyDatabase(t);
    const rows = db.collection<Document & { _id: string }>('usage_events');
    const now = Date.now();
    const take = (_id: string, at: number) => ({
      ...{ _id, kind: 'draws', at, key: 'k', tier: 't', feature: 'a', units: 2 },
      draws: [0, 2].map((serial) => ({ serial, consumer: 'c1', request: 'r', peer: '' })),
    });
    await rows.insertMany([take('old', now - 90 * 86_400_000), take('new', now - 2 * 3_600_000)]);
    await db.collection<{ _id: string; version: number }>('schema').insertOne({ _id: 'schema', version: 1 });
    const store = await openMongoStore(uri, options);
    for (let round = 0; round < 2; round++) {
      const events = await allUsageEvents(store);
      assert.equal(events.length, 4 + 2 * round);
      for (const id of ['c1', 'c2']) {
        const summary = await summaryOf(store, { kind: 'consumer', id });
        assert.deepEqual(summary, plainCount(events, { kind: 'consumer', id }, summary));
      }
      assert.ok((await sumNow(store)) < 20);
      await rows.insertOne(take(`later-${round}`, now));
    }
    await store.close();
  });
});
