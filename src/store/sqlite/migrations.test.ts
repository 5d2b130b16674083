import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { v7 as uuid } from 'uuid';
import { mustDraw } from '../../../test/support/drawing.ts';
import { allUsageEvents, usageEvents } from '../../../test/support/listing.ts';
import { keyNow, mustReport } from '../../../test/support/reporting.ts';
import { plainCount, recordOf, summaryOf } from '../../../test/support/summed-usage.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { systemClock } from '../../../test/support/test-clock.ts';
import { PLAIN_TRAITS, WELL } from '../../model/key.ts';
import { PLAIN_POLICY } from '../../model/tier-policy.ts';
import type { UsageSubject } from '../../model/usage-summary.ts';
import { openSqliteStore } from './open.ts';
import { SCHEMA_1 } from './schema-1.ts';
import { SCHEMA_2 } from './schema-2.ts';

const options = { clock: systemClock, newId: uuid, warn: () => {} };

/** A file as schemas, one after another, left it, with what `fill` puts in. */
function makeFile(path: string, schemas: readonly string[], fill: string): void {
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE schema_version (version INTEGER PRIMARY KEY) WITHOUT ROWID');
  for (const [i, schema] of schemas.entries())
    db.exec(`BEGIN; ${schema} INSERT INTO schema_version VALUES (${i + 1}); COMMIT;`);
  db.exec(`BEGIN; ${fill} COMMIT;`);
  db.close();
}

/** A file as the first schema left it, with what `fill` puts in. */
function makeFirst(path: string, fill: string): void {
  makeFile(path, [SCHEMA_1], fill);
}

describe('SQLite: a file of the first schema', () => {
  it('keeps its consumers, tokens and grants', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    const hash = 'a'.repeat(64);
    makeFirst(
      path,
      `INSERT INTO consumers VALUES ('c1', 'Ada', 'd', 'team', 'test', '["mine"]', '["::1"]', 7, 'active', 9000,
         '${hash}', 5, 3, 1, 2);
       INSERT INTO tiers VALUES ('t', '', '[]', 1, 1, 1);
       INSERT INTO grants VALUES ('c1', 0, 't');`,
    );
    const store = await openSqliteStore(path, options);
    assert.equal((await store.status()).schemaVersion, 3);
    const consumer = await store.findConsumerByTokenHash(hash);
    assert.deepEqual(consumer, {
      id: 'c1',
      name: 'Ada',
      description: 'd',
      owner: 'team',
      environment: 'test',
      scopes: ['mine'],
      allowedIps: ['::1'],
      creditsPerMinute: 7,
      creditLimits: [],
      state: 'active',
      revocation: null,
      expireAt: 9000,
      tokenHash: hash,
      previousToken: null,
      grantedTierIds: ['t'],
      lastUsedAt: 5,
      version: 3,
      createdAt: 1,
      updatedAt: 2,
    });
    await store.close();
  });

  it('keeps its draws, lists them and has them in its sums, whether they were indexed or not', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    const hour = 3_600_000;
    makeFirst(
      path,
      `INSERT INTO names VALUES (1, ''), (2, 'c1'), (3, 'tier'), (4, 'scrape');
       INSERT INTO deleted_keys VALUES (7, 'k7');
       INSERT INTO usage_events VALUES (1, ${hour}, 2, 7, 3, 4, 3, 'take-1', 0, 'r', '::1', 0);
       INSERT INTO usage_by_time VALUES (${hour}, 1);
       INSERT INTO usage_by_consumer VALUES (2, ${hour}, 1);
       INSERT INTO usage_by_key VALUES (7, ${hour}, 1);
       INSERT INTO usage_by_feature VALUES (4, ${hour}, 1);
       INSERT INTO usage_by_take VALUES ('take-1', 0, 1);
       UPDATE usage_indexed SET seq = 1;
       INSERT INTO usage_events VALUES (2, ${2 * hour + 5}, 2, 7, 3, 4, 1, 'take-2', 0, 'r', '::1', 1);`,
    );
    const store = await openSqliteStore(path, options);
    await store.recordUsage([recordOf({ consumerId: 'c1' })]);
    const events = await allUsageEvents(store);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['recorded', 'draw', 'draw'],
    );
    const subjects: readonly UsageSubject[] = [
      { kind: 'all' },
      { kind: 'consumer', id: 'c1' },
      { kind: 'key', id: 'k7' },
      { kind: 'feature', id: 'scrape' },
    ];
    for (const subject of subjects)
      for (const period of [{}, { startAt: 0, endAt: 2 * hour }, { startAt: 2 * hour }]) {
        const summary = await summaryOf(store, subject, period);
        assert.deepEqual(summary, plainCount(events, subject, summary));
      }
    await store.close();
  });
});

/** A tier, a key with a budget that was drawn once, and that draw, as the second schema left them. */
const OF_SECOND = `
  INSERT INTO names VALUES (1, ''), (2, 'tier'), (3, 'a'), (4, 'tier|a');
  INSERT INTO tiers VALUES ('tier', 'd', '[{"name":"a","limits":[]}]', 5, 1, 2);
  INSERT INTO keys VALUES (1, 'k1', 2, 'f', 'key', 'hint', 'value', '{}', '{}', 'active', '', NULL, 5, 1, 1, 1);
  INSERT INTO key_states VALUES (1,
    '["active",null,5,1000,3,7,{},[[10,null,1,null,3]],[],{"tier|a":["r",9,9]}]', NULL, NULL);
  INSERT INTO places VALUES (4, 0, 9, 1, 9, NULL);
  INSERT INTO usage_events VALUES (1, 1000, 1, 1, 2, 3, 1, 'take-1', 0, 'r', '::1', 0);`;

describe('SQLite: a file of the second schema', () => {
  it('has plain tiers and keys, which are drawn as before', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    makeFile(path, [SCHEMA_1, SCHEMA_2], OF_SECOND);
    const store = await openSqliteStore(path, options);
    const tier = (await store.getTier('tier')) ?? assert.fail('the tier is there');
    assert.deepEqual(tier.policy, PLAIN_POLICY);
    const key = await keyNow(store, { id: 'k1' });
    assert.deepEqual([key.traits, key.health, key.holds], [PLAIN_TRAITS, WELL, []]);
    assert.deepEqual(
      key.budgets.map(({ used, periods, countsFrom }) => [used, periods, countsFrom]),
      [[1, null, 0]],
    );
    assert.equal((await mustDraw(store, [tier], 'a')).keyId, 'k1');
    assert.equal((await keyNow(store, key)).budgets[0]?.used, 2);
    await store.close();
  });

  it('has draws that are not reported, and can be', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('keypool.db');
    makeFile(path, [SCHEMA_1, SCHEMA_2], OF_SECOND);
    const store = await openSqliteStore(path, options);
    assert.deepEqual(
      (await usageEvents(store)).map(({ id, report }) => [id, report]),
      [['take-1.0', null]],
    );
    await mustReport(store, { drawId: 'take-1.0' }, 'timeout', { statusCode: 504 });
    assert.deepEqual((await keyNow(store, { id: 'k1' })).health.failures, { timeout: 1 });
    await store.close();
  });
});
