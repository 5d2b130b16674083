import { MongoClient } from 'mongodb';
import { type Mongod, startMongod } from '../../test/support/mongod.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { StoreName } from '../plan.ts';

/** An empty database. */
export interface Database {
  readonly store: StoreName;
  /** As DATABASE_URL takes it. */
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/** Less than the half of the memory that a mongod takes by itself, enough for the data to stay in memory. */
const CACHE_SIZE = '4G';
const SQLITE = 'sqlite:';

let shared: Promise<Mongod> | null = null;
let made = 0;

async function startWithCache(): Promise<Mongod> {
  const mongod = await startMongod({ data: 'disk' });
  const client = await MongoClient.connect(mongod.uri);
  const setting = { setParameter: 1, wiredTigerEngineRuntimeConfig: `cache_size=${CACHE_SIZE}` };
  await client.db('admin').command(setting);
  await client.close();
  return mongod;
}

/** Works on the database of a URL, with writes as Keypool does them, and lets go of it. */
export async function onMongod<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = await MongoClient.connect(url, { writeConcern: { w: 'majority', journal: true } });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function databaseOn(mongod: Mongod): Database {
  made += 1;
  const url = mongod.databaseUri(`bench_${made}`);
  const drop = () =>
    onMongod(url, async (client) => {
      await client.db().dropDatabase();
    });
  return { store: 'mongodb', url, drop };
}

/** A database of the store that holds nothing yet. */
export async function freshDatabase(store: StoreName): Promise<Database> {
  if (store === 'mongodb') {
    shared ??= startWithCache();
    return databaseOn(await shared);
  }
  const folder = await temporaryFolder();
  return { store, url: `${SQLITE}${folder.file('keypool.db')}`, drop: folder.remove };
}

/** A database on a mongod of its own that can be told to fail (`failCommand`); that one goes with it. */
export async function faultyDatabase(): Promise<Database> {
  const mongod = await startMongod({ data: 'disk', parameters: { enableTestCommands: 1 } });
  return { ...databaseOn(mongod), drop: mongod.stop };
}

/** The file of an SQLite database. */
export function sqliteFile({ url }: Database): string {
  return url.slice(SQLITE.length);
}
