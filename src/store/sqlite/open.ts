import { StoreOpenError } from '../errors.ts';
import type { Store, StoreOptions } from '../port.ts';
import { openDatabase } from './database-file.ts';
import { migrate } from './migrations.ts';
import { createSqliteStore } from './store.ts';

/**
 * Opens the embedded store: a file of its own (made with its folder when missing, for this user alone), or `:memory:`.
 * One process at a time. Throws `StoreOpenError`, whose message says what to do.
 */
export async function openSqliteStore(path: string, options: StoreOptions): Promise<Store> {
  const db = openDatabase(path);
  try {
    migrate(db, path);
    return createSqliteStore(db, path, options);
  } catch (error) {
    db.close();
    if (error instanceof StoreOpenError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new StoreOpenError(
      `The database ${path} cannot be used (${text}). Restore it from a backup, or name another file in DATABASE_URL.`,
      { cause: error },
    );
  }
}
