import type { DatabaseSync } from 'node:sqlite';
import { StoreOpenError } from '../errors.ts';
import { SCHEMA_1 } from './schema-1.ts';
import { SCHEMA_2 } from './schema-2.ts';
import { SCHEMA_3 } from './schema-3.ts';

/** Forward only: the script at index i leads to version i + 1. Never change one that was released; add another. */
const MIGRATIONS: readonly string[] = [SCHEMA_1, SCHEMA_2, SCHEMA_3];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** The version of the schema in the file; 0 when it is new. */
export function storedVersion(db: DatabaseSync): number {
  db.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) WITHOUT ROWID');
  const row = db.prepare('SELECT max(version) AS version FROM schema_version').get();
  return typeof row?.version === 'number' ? row.version : 0;
}

/** Brings the schema up to date, one transaction per version. Throws `StoreOpenError` when it is newer than the code. */
export function migrate(db: DatabaseSync, path: string): void {
  const stored = storedVersion(db);
  if (stored > SCHEMA_VERSION) {
    throw new StoreOpenError(
      `${path} has schema version ${stored}, this Keypool knows versions up to ${SCHEMA_VERSION}. ` +
        'Start the Keypool version that wrote it, or a newer one.',
    );
  }
  for (const [index, script] of MIGRATIONS.entries()) {
    if (index < stored) continue;
    db.exec(`BEGIN IMMEDIATE; ${script} INSERT INTO schema_version VALUES (${index + 1}); COMMIT;`);
  }
}
