import type { Db, IndexDescription } from 'mongodb';
import { createCollection } from './create-collection.ts';

/** The second schema: inbound identity. May run at once in several processes, and again after it ended half way. */
export async function createSecondSchema(db: Db): Promise<void> {
  await Promise.all([addConsumerTokens(db), addCredits(db), addSubjects(db), addUsage(db)]);
}

/** Consumers' tokens: rows of the first schema are read as they are. */
async function addConsumerTokens(db: Db): Promise<void> {
  await db
    .collection('consumers')
    .createIndexes([
      { key: { 'previousToken.hash': 1 }, unique: true, sparse: true },
      { key: { owner: 1, _id: 1 } },
    ]);
}

/** Credits and who pays them. */
async function addCredits(db: Db): Promise<void> {
  const names = ['credit_pools', 'charged_requests', 'owner_credits', 'processes'];
  await Promise.all(names.map((name) => createCollection(db, name)));
  const expiring = ['credit_pools', 'charged_requests', 'processes'];
  const byExpiry = { key: { expireAt: 1 }, expireAfterSeconds: 0 };
  await Promise.all(expiring.map((name) => db.collection(name).createIndexes([byExpiry])));
}

/** JWTs, and tokens of others. */
async function addSubjects(db: Db): Promise<void> {
  const names = ['signing_keys', 'kept_tokens', 'denied_subjects'];
  await Promise.all(names.map((name) => createCollection(db, name)));
  await db.collection('kept_tokens').createIndexes([{ key: { expireAt: 1 } }]);
}

/** Usage events of all kinds, and their sums. */
async function addUsage(db: Db): Promise<void> {
  // Of what is no draw alone: draws have no entry in it.
  const records = { key: { kind: 1, at: 1 }, partialFilterExpression: { kind: 'records' } };
  await db.collection('usage_events').createIndexes([records]);
  const ways: IndexDescription[] = [{ key: { axis: 1, at: 1 } }, { key: { at: 1 } }];
  await Promise.all(['usage_hours', 'usage_slices'].map((name) => db.collection(name).createIndexes(ways)));
}
