import { v7 as uuid } from 'uuid';
import { openMongoStore } from '../../src/store/mongodb/open.ts';
import type { Store, StoreOptions } from '../../src/store/port.ts';
import { eventually } from './eventually.ts';
import { type DatabaseLease, sharedMongod } from './mongod.ts';
import { withClient } from './mongod-election.ts';
import type { StoreHarness } from './store-harness.ts';
import { systemClock } from './test-clock.ts';

const WAIT_MARGIN_MS = 5000;
const EMPTY_SELECTION_MS = 10_000;

/** Databases of earlier tests, emptied: collections and indexes take longer to make than to empty. */
const emptied: DatabaseLease[] = [];
/** What is left of more rows than this would be in the way of those that follow. */
const ROWS_MAX = 5000;
/** Tells that collections and indexes are there, as they are. */
const SCHEMA = 'schema';

/** Gives how many rows there were. */
function empty({ uri, databaseName }: DatabaseLease): Promise<number> {
  return withClient(uri, EMPTY_SELECTION_MS, async (client) => {
    const db = client.db(databaseName);
    const collections = await db.listCollections({}, { nameOnly: true }).toArray();
    const names = collections.map(({ name }) => name).filter((name) => name !== SCHEMA);
    const emptyings = await Promise.all(names.map((name) => db.collection(name).deleteMany({})));
    return emptyings.reduce((sum, { deletedCount }) => sum + deletedCount, 0);
  });
}

/** A database of its own on a real replica set, whose clock is the machine's. */
export async function mongodbHarness(): Promise<StoreHarness> {
  const lease = emptied.pop() ?? (await sharedMongod());
  const opened: Store[] = [];
  const open = async (overrides: Partial<StoreOptions> = {}) => {
    const options = { clock: systemClock, newId: uuid, warn: () => {}, ...overrides };
    const store = await openMongoStore(lease.uri, options);
    opened.push(store);
    return store;
  };
  return {
    open,
    openMany: (count) => Promise.all(Array.from({ length: count }, () => open())),
    windowMs: 1500,
    waitUntil: async (store, moment) => {
      const withinMs = Math.max(0, moment - store.now()) + WAIT_MARGIN_MS;
      await eventually(`the store's time ${moment}`, () => (store.now() >= moment ? true : null), withinMs);
    },
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
      if ((await empty(lease)) > ROWS_MAX) await lease.drop();
      else emptied.push(lease);
    },
  };
}
