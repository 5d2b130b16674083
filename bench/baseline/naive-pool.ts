import type { Collection, Db } from 'mongodb';
import { v7 as uuid } from 'uuid';
import { insertInBatches, momentOf, UNJOURNALED } from '../pool/audit-mongodb.ts';
import { onMongod } from '../server/database.ts';

/** A key as whoever writes such a pool in an afternoon keeps it. */
export interface NaiveKey {
  readonly _id: string;
  readonly tier: string;
  readonly value: string;
  readonly lastUsed: Date;
  readonly dueAt: Date;
  readonly used: number;
}

/** The audit row of one draw. */
export interface NaiveAuditRow {
  readonly _id: string;
  readonly at: number;
  readonly consumer: string;
  readonly key: string;
  readonly tier: string;
  readonly feature: string;
  readonly units: number;
  readonly request: string;
  readonly peer: string;
}

export const NAIVE_TIER = 'tier-0';
const FEATURE = 'feature-0';
const CONSUMER = uuid();

/** The collections of the naive pool. */
export function naiveCollections(db: Db): {
  readonly keys: Collection<NaiveKey>;
  readonly audit: Collection<NaiveAuditRow>;
} {
  return { keys: db.collection('keys'), audit: db.collection('usage_events') };
}

export function naiveAuditRow(key: string, at: number): NaiveAuditRow {
  const names = { consumer: CONSUMER, key, tier: NAIVE_TIER, feature: FEATURE };
  return { _id: uuid(), at, ...names, units: 1, request: uuid(), peer: '127.0.0.1' };
}

/** As many keys as the measured pool has, the order of use indexed; as many audit rows, under the same indexes. */
export function fillNaivePool(url: string, keyCount: number, auditRows: number): Promise<void> {
  return onMongod(url, async (client) => {
    const { keys, audit } = naiveCollections(client.db());
    await keys.createIndex({ tier: 1, lastUsed: 1 });
    await audit.createIndexes([
      { key: { at: -1, _id: -1 } },
      { key: { consumer: 1, at: -1, _id: -1 } },
      { key: { key: 1, at: -1, _id: -1 } },
      { key: { feature: 1, at: -1, _id: -1 } },
    ]);
    const ids = Array.from({ length: keyCount }, () => uuid());
    const never = { lastUsed: new Date(0), dueAt: new Date(0), used: 0 };
    await keys.insertMany(
      ids.map((_id) => ({ _id, tier: NAIVE_TIER, value: `upstream-value-of-${_id}`, ...never })),
    );
    await insertInBatches(
      auditRows,
      (index) => naiveAuditRow(ids[index % ids.length] ?? '', momentOf(index, auditRows)),
      (rows) => audit.insertMany([...rows], UNJOURNALED),
    );
  });
}
