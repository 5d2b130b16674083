import { setTimeout as delay } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import { createKeypoolClient } from '../../src/client/node.ts';
import { RECOVERY_GRACE_MS } from '../../src/model/key.ts';
import { loadServer, type Measured, timesOf } from '../load/contender.ts';
import type { Ask } from '../load/plan.ts';
import { fillPool } from '../pool/fill.ts';
import { smallPool } from '../pool/shape.ts';
import { addOneDrawKeys } from '../recovery/one-draw-keys.ts';
import { earliestEnd, keysWithOpenTakes, leaveOpenTakes } from '../recovery/open-takes.ts';
import type { VictimPlan } from '../recovery/victim.ts';
import { mean } from '../report/statistics.ts';
import { figure, type Table } from '../report/table.ts';
import { progress, type Section } from '../section.ts';
import { faultyDatabase, onMongod } from '../server/database.ts';
import { ADMIN_TOKEN, startKeypool } from '../server/keypool.ts';
import type { Subject } from '../server/subject.ts';

const TAKEN_TIER = 'taken';
const CALLERS = 64;
const POLL_MS = 100;
/** How long after its take an open take is its own process's, in ms: the store's default. */
const OPEN_TAKE_MS = 10_000;
/** The load lasts as long as recovery at this pace would. */
const SETTLED_PER_SECOND_MIN = 100;
const LOAD_MIN_MS = 20_000;
const BEFORE_SECONDS = 10;

/** Moments in ms since 1970. */
interface Recovered {
  readonly openTakes: number;
  readonly firstOverdueAt: number;
  readonly lastOverdueAt: number;
  /** Infinity when some were still open at the end of the load. */
  readonly settledAt: number;
  readonly left: number;
}

/** Waits until none of the dead process's takes is open. Those of the living end later than all of them. */
async function watchRecovery(client: MongoClient, killedAt: number, giveUpAt: number): Promise<Recovered> {
  const endMax = killedAt + OPEN_TAKE_MS;
  const openTakes = await keysWithOpenTakes(client, endMax);
  const firstOverdueAt = (await earliestEnd(client)) + RECOVERY_GRACE_MS;
  const overdue = { openTakes, firstOverdueAt, lastOverdueAt: endMax + RECOVERY_GRACE_MS };
  for (;;) {
    const left = await keysWithOpenTakes(client, endMax);
    if (left === 0) return { ...overdue, left, settledAt: Date.now() };
    if (Date.now() > giveUpAt) return { ...overdue, left, settledAt: Number.POSITIVE_INFINITY };
    await delay(POLL_MS);
  }
}

interface Result {
  /** Draws per second before there was anything to recover. */
  readonly before: number;
  readonly measured: Measured;
  readonly recovered: Recovered;
}

/** Loads a server alone, then again after another process was killed with so many takes open. */
async function killAndWatch(
  client: MongoClient,
  serving: { readonly server: Subject; readonly ask: Ask },
  victim: VictimPlan,
): Promise<Result> {
  const load = { protocol: 'json', asks: [serving.ask], callers: CALLERS } as const;
  const before = await loadServer(serving.server, load, timesOf(BEFORE_SECONDS));
  await leaveOpenTakes(client, victim);
  progress('killed a process with open takes');
  const killedAt = Date.now();
  const loadMs = OPEN_TAKE_MS + Math.max(LOAD_MIN_MS, (victim.draws * 1000) / SETTLED_PER_SECOND_MIN);
  const [measured, recovered] = await Promise.all([
    loadServer(serving.server, load, { warmUpMs: 0, measureMs: loadMs }),
    watchRecovery(client, killedAt, killedAt + loadMs),
  ]);
  return { before: before.perSecond, measured, recovered };
}

/** Draws per second of the whole seconds between two moments. */
function drawsBetween({ beganAt, eachSecond }: Measured, from: number, to: number): number {
  return mean(eachSecond.filter((_, i) => beganAt + i * 1000 >= from && beganAt + (i + 1) * 1000 <= to));
}

function cells({ before, measured, recovered }: Result): string[] {
  const { openTakes, firstOverdueAt, lastOverdueAt, settledAt, left } = recovered;
  const endAt = measured.beganAt + measured.eachSecond.length * 1000;
  const during = drawsBetween(measured, firstOverdueAt, Math.min(settledAt, endAt));
  const after = drawsBetween(measured, settledAt, endAt);
  const done = Number.isFinite(settledAt);
  return [
    ...['mongodb', figure(openTakes), done ? figure((settledAt - firstOverdueAt) / 1000, 1) : `${left} left`],
    done ? figure(Math.max(0, settledAt - lastOverdueAt) / 1000, 1) : '',
    ...[figure(before), figure(during), figure(after), figure(during / before, 2), figure(measured.failed)],
  ];
}

/** How fast the takes of a process that died are settled, and what the draws that go on notice of it. */
export const recovery: Section = async (plan): Promise<readonly Table[]> => {
  if (!plan.stores.includes('mongodb')) return [];
  await using until = new AsyncDisposableStack();
  const database = await faultyDatabase();
  until.defer(database.drop);
  const { asks } = await fillPool(database, smallPool(plan.keys[0] ?? 1, plan.auditRows));
  const [ask] = asks;
  if (ask === undefined) throw new Error('the pool has no consumer');
  const server = await startKeypool(database.url);
  until.defer(server.stop);
  const admin = createKeypoolClient({ baseUrl: `http://127.0.0.1:${server.port}`, token: ADMIN_TOKEN });
  await addOneDrawKeys(admin.admin, TAKEN_TIER, plan.openTakes);
  admin.close();
  const victim = { url: database.url, tierId: TAKEN_TIER, draws: plan.openTakes };
  const result = await onMongod(database.url, (client) => killAndWatch(client, { server, ask }, victim));
  const head = ['store', 'keys with an open take', 'settled in s', 'of it after the last was overdue'];
  const draws = ['draws/s before', 'during', 'after', 'during ÷ before', 'failed'];
  return [
    { title: 'Recovery of a dead process’s open takes', head: [...head, ...draws], rows: [cells(result)] },
  ];
};
