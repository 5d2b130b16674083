import type { Db } from 'mongodb';
import { createCollection } from './create-collection.ts';
import { addAlerts } from './schema-3-alerts.ts';

/**
 * The third schema: what a pool does with what upstreams say. Rows of earlier schemas are read as they are. May run at
 * once in several processes, and again after it ended half way.
 */
export async function createThirdSchema(db: Db): Promise<void> {
  await Promise.all([addReports(db), addGroups(db), addKeyLists(db), addAffinities(db), addAlerts(db)]);
}

/** What callers say of draws. */
async function addReports(db: Db): Promise<void> {
  await createCollection(db, 'outcome_reports');
  await db
    .collection('outcome_reports')
    .createIndexes([
      { key: { at: 1 }, partialFilterExpression: { applied: false } },
      { key: { drawnAt: 1 } },
    ]);
}

/** Keys that share quotas. */
async function addGroups(db: Db): Promise<void> {
  await createCollection(db, 'quota_groups');
  await db.collection('quota_groups').createIndexes([
    { key: { openEnd: 1 }, sparse: true },
    { key: { wakes: 1 }, sparse: true },
  ]);
  await db.collection('keys').createIndexes([{ key: { 'traits.groupId': 1, _id: 1 }, sparse: true }]);
}

/** Keys whose health can be listed; the others have no entry. */
async function addKeyLists(db: Db): Promise<void> {
  await db
    .collection('keys')
    .createIndexes([{ key: { unwell: 1, _id: 1 }, partialFilterExpression: { unwell: true } }]);
}

/** Which keys the draws of affinities go to. */
async function addAffinities(db: Db): Promise<void> {
  await createCollection(db, 'affinities');
  await db.collection('affinities').createIndexes([{ key: { expireAt: 1 }, expireAfterSeconds: 0 }]);
}
