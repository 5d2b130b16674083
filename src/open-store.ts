import type { Config } from './config.ts';
import type { Store, StoreOptions } from './store/port.ts';

/** Opens the store that DATABASE_URL names; the other one's driver is not even loaded. Error: StoreOpenError. */
export async function openStore(
  { database }: Pick<Config, 'database'>,
  options: StoreOptions,
): Promise<Store> {
  if (database.kind === 'mongodb') {
    const { openMongoStore } = await import('./store/mongodb/open.ts');
    return openMongoStore(database.url, options);
  }
  const { openSqliteStore } = await import('./store/sqlite/open.ts');
  return openSqliteStore(database.path, options);
}
