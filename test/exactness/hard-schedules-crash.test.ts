import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertAudited, auditRows, auditRowsWith, unitsByKey, unitsOf } from '../support/audit-rows.ts';
import { eventually } from '../support/eventually.ts';
import { assertDrained, reasonsOf, startLoad } from '../support/load-callers.ts';
import { holdCommands, insertsUnderWay } from '../support/load-fail-points.ts';
import { addConsumer, addKeys, addTier } from '../support/load-pool.ts';
import { useServers, WITH_SHORT_TAKES } from '../support/load-servers.ts';
import { startMongod } from '../support/mongod.ts';

const FEATURE = 'scrape';
const DYING = 'dying';
const KEYS = 3;
const CALLERS = 16;
const BUDGET = 10;
const UNITS = KEYS * BUDGET;
/** Beyond the moment at which others recover the take: 1 s until its end, 2 s of grace, and 1 s between two looks. */
const HELD_MS = 8000;
/** Budgets that were spent a moment ago count as unsettled for longer than they are. */
const PATIENCE_MS = 1000;
const DEADLINE_MS = 40_000;

it('A process killed between take and audit: two others return its units once, and its audit row comes too late', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const mongod = await startMongod({ parameters: { enableTestCommands: 1 } });
  const backend = { databaseUrl: mongod.databaseUri('keypool'), close: mongod.stop };
  const { start } = useServers(t, backend, WITH_SHORT_TAKES);
  const dyingUrl = `${backend.databaseUrl}&appName=${DYING}`;
  const [dying, one, other] = await Promise.all([start({ DATABASE_URL: dyingUrl }), start(), start()]);
  await addTier(one.admin, FEATURE);
  await addKeys(one.admin, FEATURE, KEYS, [{ limit: BUDGET }]);
  const { token } = await addConsumer(one.admin, [FEATURE]);
  const used = async () => {
    const { keys } = await one.admin.listKeys({});
    return Number(keys.reduce((sum, { budgets }) => sum + (budgets[0]?.used ?? 0n), 0n));
  };

  await holdCommands(mongod.uri, {
    failCommands: ['insert'],
    namespace: 'keypool.usage_events',
    appName: DYING,
    blockTimeMS: HELD_MS,
  });
  const doomed = startLoad({
    callers: 8,
    token,
    signal: t.signal,
    patienceMs: PATIENCE_MS,
    url: () => dying.url,
    draw: () => ({ feature: FEATURE, units: 3 }),
  });
  await eventually(
    'its audit write',
    async () => (await insertsUnderWay(mongod.uri, 'usage_events')) || null,
  );
  await dying.kill('SIGKILL');
  await doomed.stop();
  assert.deepEqual(doomed.served, []);

  const urls = [one.url, other.url];
  const load = startLoad({
    callers: CALLERS,
    token,
    signal: t.signal,
    patienceMs: PATIENCE_MS,
    url: (caller) => urls[caller % 2] ?? '',
    draw: () => ({ feature: FEATURE }),
  });
  await eventually('every unit taken', async () => ((await used()) === UNITS ? true : null));
  assert.ok(load.served.length < UNITS, 'the killed process held no unit');
  await load.ended;
  // Spent budgets with an open take are a reason to wait; then every unit has been served.
  assert.ok((reasonsOf(load.refused).POOL_EXHAUSTED ?? 0) > 0);
  assertDrained(load, CALLERS);

  const settled = async () => ((await insertsUnderWay(mongod.uri, 'usage_events')) === 0 ? true : null);
  await eventually('the end of the held audit writes', settled, HELD_MS);
  const rows = await auditRowsWith(one.admin, load.served);
  assertAudited(load.served, rows);
  assert.equal(load.served.length, UNITS);
  assert.deepEqual([...unitsByKey(rows).values()], Array(KEYS).fill(BUDGET));
  assert.equal(unitsOf(await auditRows(other.admin)), UNITS);
});
