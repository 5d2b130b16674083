import type { Db, IndexDescription } from 'mongodb';
import { StoreOpenError } from '../errors.ts';
import type { SchemaDocument } from './collections.ts';
import type { Connection } from './connection.ts';
import { createCollection } from './create-collection.ts';
import { isDuplicateKey } from './driver-errors.ts';
import { createSecondSchema } from './schema-2.ts';
import { createThirdSchema } from './schema-3.ts';

/** The wildcard index over all places; candidate reads name it. */
export const PLACES_INDEX = 'places';

/** Each may be run by several processes at once, and again after it ended half way. Never edited once released. */
const MIGRATIONS: readonly ((db: Db) => Promise<void>)[] = [
  createFirstSchema,
  createSecondSchema,
  createThirdSchema,
];

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

/** By collection. */
const FIRST_INDEXES: Readonly<Record<string, readonly IndexDescription[]>> = {
  keys: [
    { key: { tierId: 1, _id: 1 } },
    { key: { tierId: 1, placed: 1 } },
    { key: { openEnd: 1 }, sparse: true },
    { key: { parkAt: 1 }, sparse: true },
    { key: { outExpired: 1 }, sparse: true },
  ],
  consumers: [{ key: { tokenHash: 1 }, unique: true }, { key: { grantedTierIds: 1 } }],
  usage_events: [
    { key: { at: -1, _id: -1 } },
    { key: { 'draws.consumer': 1, at: -1, _id: -1 } },
    { key: { key: 1, at: -1, _id: -1 } },
    { key: { feature: 1, at: -1, _id: -1 } },
  ],
  admin_events: [{ key: { at: -1, _id: -1 } }, { key: { resourceId: 1, at: -1, _id: -1 } }],
  requests: [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }],
  jobs: [{ key: { state: 1, createdAt: 1 } }, { key: { doneAt: 1 }, expireAfterSeconds: 3600 }],
};

async function createFirstSchema(db: Db): Promise<void> {
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
  const places = { '$**': 1 } as const;
  await Promise.all([
    keys.createIndex(places, { wildcardProjection: { ready: 1, due: 1 }, name: PLACES_INDEX }),
    ...Object.entries(FIRST_INDEXES).map(([name, indexes]) =>
      db.collection(name).createIndexes([...indexes]),
    ),
  ]);
}
