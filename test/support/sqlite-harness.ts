import { v7 as uuid } from 'uuid';
import type { Store, StoreOptions } from '../../src/store/port.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { StoreHarness } from './store-harness.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { type TestClock, testClock } from './test-clock.ts';

export interface SqliteHarness extends StoreHarness {
  readonly clock: TestClock;
}

/** A database file of its own in a temporary folder, under a clock that is stepped. */
export async function sqliteHarness(): Promise<SqliteHarness> {
  const folder = await temporaryFolder();
  const clock = testClock();
  const opened: Store[] = [];
  const open = async (overrides: Partial<StoreOptions> = {}) => {
    const options = { clock, newId: uuid, warn: () => {}, ...overrides };
    const store = await openSqliteStore(folder.file('keypool.db'), options);
    opened.push(store);
    return store;
  };
  return {
    clock,
    open,
    openMany: async () => [await open()],
    windowMs: 60_000,
    waitUntil: async (store, moment) => {
      clock.advance(Math.max(0, moment - store.now()));
    },
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await folder.remove();
    },
  };
}
