import { after, before, type TestContext } from 'node:test';
import { type Db, MongoClient } from 'mongodb';
import { v7 as uuid } from 'uuid';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import type { Store } from '../../src/store/port.ts';
import { sharedMongod } from './mongod.ts';
import { systemClock } from './test-clock.ts';

/** An empty database on a mongod that others use too, with a client that does what other writers might. */
export interface TestDatabase {
  readonly uri: string;
  readonly client: MongoClient;
  readonly db: Db;
  readonly close: () => Promise<void>;
}

async function openDatabase(): Promise<TestDatabase> {
  const lease = await sharedMongod();
  const client = await MongoClient.connect(lease.uri);
  const close = async () => {
    await client.close();
    await lease.drop();
  };
  return { uri: lease.uri, client, db: client.db(lease.databaseName), close };
}

/** One for all tests of a file, there while they run. */
export function databaseOfFile(): () => TestDatabase {
  let opened: TestDatabase | null = null;
  before(async () => {
    opened = await openDatabase();
  });
  after(() => opened?.close());
  return () => {
    if (opened === null) throw new Error('the database is there while tests run');
    return opened;
  };
}

/** One for a test, with a store on it. */
export async function useStoreAndDatabase(t: TestContext): Promise<TestDatabase & { readonly store: Store }> {
  const database = await openDatabase();
  const store = await openMongoStore(database.uri, { clock: systemClock, newId: uuid, warn: () => {} });
  t.after(async () => {
    await store.close();
    await database.close();
  });
  return { ...database, store };
}
