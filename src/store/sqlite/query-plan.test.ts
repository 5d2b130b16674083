import assert from 'node:assert/strict';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { systemClock } from '../../../test/support/test-clock.ts';
import type { KeyFilter, UsageFilter } from '../port.ts';
import { migrate } from './migrations.ts';
import { createSqliteStore } from './store.ts';

/** Remembers every statement that was prepared. */
class ListeningDatabase extends DatabaseSync {
  readonly statements = new Set<string>();

  override prepare(sql: string): StatementSync {
    this.statements.add(sql.replaceAll(/\s+/g, ' ').trim());
    return super.prepare(sql);
  }
}

/** What may walk a whole table, because it stops early, is short, or runs at the start alone. */
const WALKS = [
  /^SELECT count\(\*\) AS n FROM \(SELECT 1 FROM (tiers|keys|consumers) LIMIT/,
  /^(SELECT seq FROM|UPDATE) usage_indexed/,
  /(FROM|UPDATE) jobs/,
  /^SELECT max\(seq\) AS seq FROM usage_events$/,
  /^WITH RECURSIVE seen/,
  // Its one index leads it; what is sorted is one batch.
  /^WITH events AS .* INSERT OR IGNORE INTO usage_by_/,
  // So do these: they group one batch.
  /^INSERT INTO usage_hours SELECT at/,
  /^SELECT e\.at .* FROM usage_records r CROSS JOIN usage_events e ON e\.seq = r\.seq WHERE r\.seq > \?1 AND r\.seq <= \?2/,
  /FROM usage_summed$/,
  // Holds some rounds, until the rows of their pools are written.
  /FROM charge_rounds ORDER BY no$/,
  // A few at any time.
  /(FROM|UPDATE) signing_keys/,
  // The hours of a summary, each with rows of its own.
  /^WITH RECURSIVE hours/,
  // A hundred at most, and one for each process.
  /FROM (webhooks|watchers)\b/,
  // What is pending, at the start alone.
  /^UPDATE deliveries SET next_at = 0/,
  // Goes by what is due; the list is of webhooks that have as many attempts under way as they may.
  /^SELECT \* FROM deliveries WHERE state = 'pending' AND next_at <= \? AND webhook NOT IN/,
];

const keyFilters: readonly KeyFilter[] = [
  {},
  { tierId: 'tier' },
  { state: 'active' },
  { tierId: 'tier', state: 'active' },
  { groupId: 'group' },
  { tierId: 'tier', groupId: 'group' },
];
const usageFilters: readonly UsageFilter[] = [
  {},
  { startAt: 1, endAt: 2 },
  ...[{ consumerId: '' }, { keyId: 'k' }, { feature: 'a' }].flatMap((filter) => [
    filter,
    { ...filter, startAt: 1, endAt: 2 },
  ]),
];

async function everyStatement(): Promise<{ db: ListeningDatabase; statements: readonly string[] }> {
  const db = new ListeningDatabase(':memory:');
  migrate(db, ':memory:');
  const store = createSqliteStore(db, ':memory:', { clock: systemClock, newId: uuid, warn: () => {} });
  db.exec(`INSERT INTO names (text) VALUES (''), ('tier'), ('a'); INSERT INTO deleted_keys VALUES (1, 'k')`);
  const page = { after: null, limit: 10 };
  for (const filter of keyFilters) {
    await store.listKeys(filter, page);
    await store.listUnwellKeys(filter, page);
    for (const descending of [true, false])
      await store.scanKeys(filter, { after: null, descending, limit: 10 });
  }
  for (const filter of usageFilters) await store.listUsageEvents(filter, page);
  for (const filter of [{}, { owner: 'o' }]) await store.listConsumers(filter, page);
  const resource = { resourceType: 'key', resourceId: 'k' };
  for (const filter of [{}, resource, { actor: 'root' }, { startAt: 1 }])
    await store.listAdminEvents(filter, page);
  for (const state of [{}, { state: 'open' }] as const)
    for (const kind of [{}, { kind: 'pool_low' }] as const)
      await store.listAlerts({ ...state, ...kind }, page);
  return {
    db,
    statements: [...db.statements].filter((sql) => !/^(CREATE|PRAGMA|SELECT max\(version)/.test(sql)),
  };
}

function planOf(db: DatabaseSync, sql: string): string {
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  return rows.map((row) => String(row.detail)).join('; ');
}

describe('SQLite: the plan of every statement', () => {
  it('scans and sorts nothing that grows with the keys or the audit', async () => {
    const { db, statements } = await everyStatement();
    assert.ok(statements.length > 60);
    const bad = statements
      .filter((sql) => !WALKS.some((walk) => walk.test(sql)))
      .map((sql) => ({ sql, plan: planOf(db, sql) }))
      .filter(({ plan }) => /SCAN (?!CONSTANT|8-ROW VALUES|\(subquery)|TEMP B-TREE/.test(plan));
    assert.deepEqual(bad, []);
    db.close();
  });

  it('of a queue goes straight to the place where a page begins', async () => {
    const { db, statements } = await everyStatement();
    const pages = statements.filter((sql) => /^SELECT key, position, last_rank/.test(sql));
    assert.equal(pages.length, 1);
    for (const sql of pages)
      assert.match(
        planOf(db, sql),
        /^SEARCH places USING PRIMARY KEY \(queue=\? AND parked=\? AND position>/,
      );
    db.close();
  });
});
