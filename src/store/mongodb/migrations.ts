import type { Db } from 'mongodb';
import { MongoServerError } from 'mongodb';
import { StoreOpenError } from '../errors.ts';
import type { SchemaDocument } from './collections.ts';
import type { Connection } from './connection.ts';
import { isDuplicateKey } from './driver-errors.ts';

/** The wildcard index over all places; candidate reads name it. */
export const PLACES_INDEX = 'places';

const NAMESPACE_EXISTS = 48;

/** Each may be run by several processes at once, and again after it ended half way. Never edited once released. */
const MIGRATIONS: readonly ((db: Db) => Promise<void>)[] = [createFirstSchema];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings the database to this code's schema. Errors: `StoreOpenError` when it is newer. */
export async function migrate({ db, patiently }: Pick<Connection, 'db' | 'patiently'>): Promise<void> {
  const rows = db.collection<SchemaDocument>('schema');
  const stored = (await rows.findOne({ _id: 'schema' }))?.version ?? 0;
  if (stored > SCHEMA_VERSION)
    throw new StoreOpenError(
      `The database "${db.databaseName}" has schema ${stored}, newer than the ${SCHEMA_VERSION} of this Keypool: ` +
        'run the version that wrote it, or a later one.',
    );
  if (stored === SCHEMA_VERSION) return;
  await patiently(async (patient) => {
    for (const [i, step] of MIGRATIONS.entries()) {
      if (i < stored) continue;
      await step(patient);
      await recordVersion(patient, i + 1);
    }
  });
}

async function recordVersion(db: Db, version: number): Promise<void> {
  const rows = db.collection<SchemaDocument>('schema');
  const record = () => rows.updateOne({ _id: 'schema' }, { $max: { version } }, { upsert: true });
  // Two first upserts at once: the second finds the row.
  await record().catch((error: unknown) => {
    if (!isDuplicateKey(error)) throw error;
    return record();
  });
}

async function createCollection(db: Db, name: string): Promise<void> {
  await db.createCollection(name).catch((error: unknown) => {
    if (!(error instanceof MongoServerError && error.code === NAMESPACE_EXISTS)) throw error;
  });
}

async function createFirstSchema(db: Db): Promise<void> {
  // Before they are used in transactions, where creating one conflicts with others doing the same.
  const names = [
    'tiers',
    'keys',
    'fingerprints',
    'consumers',
    'usage_events',
    'admin_events',
    'requests',
    'jobs',
    'meta',
  ];
  await Promise.all(names.map((name) => createCollection(db, name)));
  const keys = db.collection('keys');
  await keys.createIndex({ '$**': 1 }, { wildcardProjection: { ready: 1, due: 1 }, name: PLACES_INDEX });
  await keys.createIndexes([
    { key: { tierId: 1, _id: 1 } },
    { key: { tierId: 1, placed: 1 } },
    { key: { openEnd: 1 }, sparse: true },
    { key: { parkAt: 1 }, sparse: true },
    { key: { outExpired: 1 }, sparse: true },
  ]);
  await db.collection('consumers').createIndexes([{ key: { tokenHash: 1 }, unique: true }]);
  await db.collection('consumers').createIndexes([{ key: { grantedTierIds: 1 } }]);
  await db
    .collection('usage_events')
    .createIndexes([
      { key: { at: -1, _id: -1 } },
      { key: { 'draws.consumer': 1, at: -1, _id: -1 } },
      { key: { key: 1, at: -1, _id: -1 } },
      { key: { feature: 1, at: -1, _id: -1 } },
    ]);
  await db
    .collection('admin_events')
    .createIndexes([{ key: { at: -1, _id: -1 } }, { key: { resourceId: 1, at: -1, _id: -1 } }]);
  await db.collection('requests').createIndexes([{ key: { expireAt: 1 }, expireAfterSeconds: 0 }]);
  await db
    .collection('jobs')
    .createIndexes([{ key: { state: 1, createdAt: 1 } }, { key: { doneAt: 1 }, expireAfterSeconds: 3600 }]);
}
