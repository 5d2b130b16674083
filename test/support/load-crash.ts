import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type AuditRow, assertAudited, assertWindows, auditRowsWith, unitsByKey } from './audit-rows.ts';
import { eventually } from './eventually.ts';
import { type DrawFields, drain, type Load, startLoad } from './load-callers.ts';
import { addConsumer, addKeys, addTier } from './load-pool.ts';
import { seededRandom, wholeBetween } from './load-random.ts';
import { type Backend, type KeypoolProcess, useServers } from './load-servers.ts';

export type CrashPlan = {
  /** How often the server is killed and started again. */
  readonly crashes: number;
  /** Decides the moments of the kills and what is drawn. */
  readonly seed: number;
  /** How the servers are started, where not as usual. */
  readonly servers?: Parameters<typeof useServers>[2];
};

const CALLERS = 32;
const KEYS = 8;
const LIFE_MIN_MS = 200;
const LIFE_MAX_MS = 700;
/** Callers try again sooner than they are told, so that every life of the server sees load on every pool. */
const PATIENCE_MS = 200;
const UNITS_MAX = 4;
/** Exact stamps and buckets, a budget for life that ends and one that comes back. */
const SPENT = { id: 'spent', limit: { limit: 24, windowMs: 500 }, budgetPerCrash: 30 };
const RATED = { id: 'rated', limit: { limit: 120, windowMs: 700 }, budget: { limit: 400, windowMs: 3000 } };
const FREE = { id: 'free' };
/** Open takes of a killed process end after 10 s, and are settled after 2 s more. */
const SETTLED_WITHIN_MS = 30_000;

/**
 * Kills the only server again and again under load, and starts it anew on the same data. Whatever was served has its
 * audit row, no limit was passed in any window, and a budget for life ends exactly at its limit when all is drained.
 */
export async function crashUnderLoad(t: TestContext, backend: Backend, plan: CrashPlan): Promise<void> {
  const random = seededRandom(plan.seed);
  const budget = SPENT.budgetPerCrash * plan.crashes;
  const { start } = useServers(t, backend, plan.servers);
  let server = await start();
  await addPools(server, budget);
  const { token } = await addConsumer(server.admin, [SPENT.id, RATED.id, FREE.id]);
  let requests = 0;
  const callers = {
    callers: CALLERS,
    token,
    signal: t.signal,
    patienceMs: PATIENCE_MS,
    url: () => server.url,
  };
  const load = startLoad({
    ...callers,
    draw: (caller) => drawOf(caller, random, `request-${requests++}`),
  });
  for (let crash = 0; crash < plan.crashes; crash++) {
    await nextServed(load);
    await delay(wholeBetween(random, LIFE_MIN_MS, LIFE_MAX_MS));
    await server.kill('SIGKILL');
    server = await start();
  }
  await nextServed(load);
  await load.stop();
  // What is left of the budgets for life, unit by unit.
  const drained = await drain({ ...callers, draw: () => ({ feature: SPENT.id }) });
  const served = [...load.served, ...drained.served];
  const rows = await auditRowsWith(server.admin, served);
  t.diagnostic(
    `${plan.crashes} crashes, ${served.length} served, ${load.lost()} answers lost, ${rows.length} rows`,
  );
  assert.ok(load.lost() >= plan.crashes, 'the kills met hardly any call');
  assertSound(served, rows, budget);
}

async function addPools({ admin }: KeypoolProcess, budget: number): Promise<void> {
  await addTier(admin, SPENT.id, [SPENT.limit]);
  await addKeys(admin, SPENT.id, KEYS, [{ limit: budget }]);
  await addTier(admin, RATED.id, [RATED.limit]);
  await addKeys(admin, RATED.id, KEYS, [RATED.budget]);
  await addTier(admin, FREE.id);
  await addKeys(admin, FREE.id, KEYS, [{ limit: 1_000_000 }]);
}

/** Every caller draws from one pool; half of them name their draws, so that they can ask again after a crash. */
function drawOf(caller: number, random: () => number, requestId: string): DrawFields {
  const feature = [SPENT.id, RATED.id, FREE.id, FREE.id][caller % 4] ?? FREE.id;
  const units = wholeBetween(random, 1, UNITS_MAX);
  return caller % 8 < 4 ? { feature, units, requestId } : { feature, units };
}

function nextServed(load: Load): Promise<true> {
  const before = load.served.length;
  return eventually('a served draw', () => (load.served.length > before ? true : null), SETTLED_WITHIN_MS);
}

function assertSound(served: Load['served'], rows: readonly AuditRow[], budget: number): void {
  assertAudited(served, rows);
  const of = (feature: string) => rows.filter((row) => row.feature === feature);
  assert.deepEqual([...unitsByKey(of(SPENT.id)).values()], Array(KEYS).fill(budget));
  assertWindows(of(SPENT.id), SPENT.limit.limit, SPENT.limit.windowMs);
  assertWindows(of(RATED.id), RATED.limit.limit, RATED.limit.windowMs);
  assertWindowBudget(of(RATED.id));
  assertNamedOnce(rows);
}

/** A budget with a window grants at most twice its limit in one window's length: around an end. */
function assertWindowBudget(rows: readonly AuditRow[]): void {
  assertWindows(rows, 2 * RATED.budget.limit, RATED.budget.windowMs);
}

/** A request id that was asked for again and again has one draw whose value may have left. */
function assertNamedOnce(rows: readonly AuditRow[]): void {
  const named = rows.filter(({ requestId, withheld }) => requestId.startsWith('request-') && !withheld);
  assert.equal(new Set(named.map(({ requestId }) => requestId)).size, named.length);
}
