import type { Db, IndexDescription } from 'mongodb';
import type { WatcherDocument } from './alert-documents.ts';
import { createCollection } from './create-collection.ts';
import { isDuplicateKey } from './driver-errors.ts';

/** Of quarantined keys alone: other keys have no entry, and takes write none. */
export const QUARANTINED_INDEX = 'quarantined';

const INDEXES: Readonly<Record<string, readonly IndexDescription[]>> = {
  alerts: [
    { key: { occurrence: 1 }, unique: true },
    { key: { state: 1, _id: -1 } },
    { key: { kind: 1, _id: -1 } },
    { key: { state: 1, kind: 1, _id: -1 } },
    { key: { closeAt: 1 }, partialFilterExpression: { state: 'closed' } },
  ],
  deliveries: [
    { key: { nextAt: 1, webhookId: 1 }, partialFilterExpression: { state: 'pending' } },
    { key: { alertId: 1, _id: 1 } },
    { key: { webhookId: 1, state: 1 } },
    { key: { endAt: 1 } },
  ],
};

/** Stands for processes that had budgets in view and told nothing: the budgets of keys that are there are looked at once. */
const EARLIER_VERSIONS = 'earlier versions';

/** Alerts and where they are sent. */
export async function addAlerts(db: Db): Promise<void> {
  const names = ['webhooks', 'alerts', 'deliveries', 'leases', 'watchers'];
  await Promise.all(names.map((name) => createCollection(db, name)));
  await Promise.all([
    ...Object.entries(INDEXES).map(([name, indexes]) => db.collection(name).createIndexes([...indexes])),
    db
      .collection('keys')
      .createIndex(
        { _id: 1, state: 1 },
        { name: QUARANTINED_INDEX, partialFilterExpression: { state: 'quarantined' } },
      ),
  ]);
  const watchers = db.collection<WatcherDocument>('watchers');
  const note = () => watchers.updateOne({ _id: EARLIER_VERSIONS }, { $set: { seenAt: 0 } }, { upsert: true });
  // Two first upserts at once: the second finds the row.
  await note().catch((error: unknown) => {
    if (!isDuplicateKey(error)) throw error;
  });
}
