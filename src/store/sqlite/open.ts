import { StoreOpenError } from '../errors.ts';
import type { Store, StoreOptions } from '../port.ts';
import { createAuditStore } from './audit-store.ts';
import { createConsumerStore } from './consumer-store.ts';
import { createCore } from './core.ts';
import { openDatabase } from './database-file.ts';
import { createDrawStore } from './draw-store.ts';
import { createKeyStore } from './key-store.ts';
import { createMaintenanceStore } from './maintenance-store.ts';
import { migrate } from './migrations.ts';
import { createTierStore } from './tier-store.ts';
import { createUsage } from './usage.ts';

/**
 * Opens the embedded store: a file of its own (made with its folder when missing, for this user alone), or `:memory:`.
 * One process at a time. Throws `StoreOpenError`, whose message says what to do.
 */
export async function openSqliteStore(path: string, options: StoreOptions): Promise<Store> {
  const db = openDatabase(path);
  try {
    migrate(db, path);
    const core = createCore(db, options);
    const usage = createUsage(core);
    return {
      ...createDrawStore(core, usage),
      ...createTierStore(core),
      ...createKeyStore(core),
      ...createConsumerStore(core),
      ...createAuditStore(core, usage),
      ...createMaintenanceStore(core, path),
    };
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
