import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertAudited, auditRows, unitsByKey } from '../support/audit-rows.ts';
import { eventually } from '../support/eventually.ts';
import { type DrawFields, drain, type ServedDraw, startLoad } from '../support/load-callers.ts';
import { seededRandom, wholeBetween } from '../support/load-random.ts';
import { useServers } from '../support/load-servers.ts';
import { startMongod } from '../support/mongod.ts';
import { makeFaults } from './faults.ts';
import { assertLimit, assertNamedOnce, assertPassing } from './judge.ts';
import { addPools, RATED, SPENT } from './pools.ts';
import { report } from './report.ts';

/** How often the primary goes, and the seed of what is random; both can be set, to repeat a run. */
const FAULTS = Number(process.env.FAILOVER_FAULTS ?? 20);
const SEED = Number(process.env.FAILOVER_SEED ?? Math.floor(Math.random() * 2 ** 32));
const PROCESSES = 4;
/** A node that follows one that is cut off looks for another source after 1 s: 5 s more would only lengthen the run. */
const SET = {
  nodes: 3,
  electionTimeoutMillis: 1000,
  parameters: { oplogNetworkTimeoutBufferSeconds: 1 },
} as const;
const CALLERS = 48;
/** Callers of the spent pool alone would spend it long before the end. */
const PACE_MS = 150;
const BUDGET_PER_FAULT = 500;
const UNITS_MAX = 4;
const PATIENCE_MS = 250;
const NAMED = 'named-';
/** Reading the whole audit takes longer the longer the run. */
const LISTED_WITHIN_MS = 60_000;
const DEADLINE_MS = 120_000 + FAULTS * 40_000;

/** Callers draw from one pool each; half of them name their draws, so that a retry gets the same one. */
function drawOf(caller: number, random: () => number, name: string): DrawFields {
  const pools = [SPENT.id, ...RATED.map(({ id }) => id)];
  const feature = pools[caller % pools.length] ?? SPENT.id;
  const units = wholeBetween(random, 1, UNITS_MAX);
  return caller % (2 * pools.length) < pools.length
    ? { feature, units, requestId: name }
    : { feature, units };
}

it(`${PROCESSES} processes on three nodes whose primary goes ${FAULTS} times stay exact, and all is served in the end`, {
  timeout: DEADLINE_MS,
}, async (t) => {
  t.diagnostic(`FAILOVER_SEED=${SEED}`);
  const random = seededRandom(SEED);
  const budget = BUDGET_PER_FAULT * FAULTS;
  const mongod = await startMongod(SET);
  const backend = { databaseUrl: mongod.databaseUri('keypool'), close: mongod.stop };
  const server = await useServers(t, backend).start({ PROCESSES: String(PROCESSES) });
  const token = await addPools(server, budget);
  let named = 0;
  const callers = {
    callers: CALLERS,
    token,
    signal: t.signal,
    patienceMs: PATIENCE_MS,
    url: () => server.url,
  };
  const load = startLoad({
    ...callers,
    paceMs: PACE_MS,
    draw: (caller) => drawOf(caller, random, `${NAMED}${named++}`),
  });
  const began = performance.now();
  const { killedProcesses } = await makeFaults(
    { mongod, server, load },
    { primaryFaults: FAULTS, random, t },
  );
  await load.stop();

  const drainedFrom = performance.now();
  // What is left of the budgets for life, first so many units at a time.
  const drained: ServedDraw[] = [];
  for (const units of [UNITS_MAX, 1])
    drained.push(...(await drain({ ...callers, draw: () => ({ feature: SPENT.id, units }) })).served);
  const served = [...load.served, ...drained];
  const rows = await eventually(
    'an audit row for every served draw',
    async () => {
      const all = await auditRows(server.admin);
      const ids = new Set(all.map(({ drawId }) => drawId));
      return served.every(({ drawId }) => ids.has(drawId)) ? all : null;
    },
    LISTED_WITHIN_MS,
  );
  assertAudited(served, rows);
  assertNamedOnce(rows, NAMED);
  const spent = rows.filter(({ feature }) => feature === SPENT.id);
  assert.deepEqual([...unitsByKey(spent).values()], Array(SPENT.keys).fill(budget));
  const windows = RATED.map((pool) => assertLimit(pool, rows, served)).reduce((sum, count) => sum + count);

  const drainedAt = Math.max(...drained.map(({ answeredAt }) => answeredAt));
  await report(t, {
    faults: FAULTS,
    killedProcesses,
    faultsMs: drainedFrom - began,
    drainMs: drainedAt - drainedFrom,
    windows,
    load,
    drained,
    rows,
    server,
    mongod,
  });
  assertPassing(load);
});
