import { setTimeout as pause } from 'node:timers/promises';
import { loadServer, timesOf } from '../load/contender.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { addScarce } from '../pool/policies.ts';
import { smallPool } from '../pool/shape.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { progress, type Section } from '../section.ts';
import { cpuMsOf } from '../server/process-usage.ts';
import { servePool } from '../server/served-pool.ts';
import type { Subject } from '../server/subject.ts';
import { WAITING_CPU_TARGET } from '../targets.ts';

const WAITING_CALLERS = 1000;
/** 1,000 callers of 100 draws a second wait 10 s each. */
const SECONDS_MIN = 25;
/** The time in which all of them have made their connections and asked. */
const ARRIVING_MS = 2000;
/** As many draws a second as keys free for those who wait, by callers who need not: each draws ten times a second. */
const UNHURRIED = { callers: 9, pauseMs: 98 };
/** What a server did to fill its pool is over when it has worked no more than this for so long. */
const IDLE = { percent: 5, forMs: 2000, withinMs: 60_000 };

/** The CPU time of a server from now on, in % of one core. */
async function cpuShareOf({ pid }: Subject): Promise<() => Promise<number>> {
  const [cpuBefore, since] = [await cpuMsOf(pid), performance.now()];
  return async () => (100 * ((await cpuMsOf(pid)) - cpuBefore)) / (performance.now() - since);
}

async function cpuShareDuring(server: Subject, ms: number): Promise<number> {
  const share = await cpuShareOf(server);
  await pause(ms);
  return share();
}

async function untilIdle(server: Subject): Promise<void> {
  const until = performance.now() + IDLE.withinMs;
  while (performance.now() < until) if ((await cpuShareDuring(server, IDLE.forMs)) <= IDLE.percent) return;
  progress('with nobody calling, the server still works: its share is in all that follows');
}

async function measureStore(plan: BenchPlan, store: StoreName): Promise<string[]> {
  await using until = new AsyncDisposableStack();
  const shape = smallPool(plan.keys[0] ?? 1, plan.auditRows);
  const { server, asks } = await servePool(store, shape, until);
  const scarce = await addScarce(server.port);
  const times = timesOf(Math.max(SECONDS_MIN, plan.seconds));
  await untilIdle(server);
  const idle = await cpuShareDuring(server, times.measureMs);
  const unhurriedShare = await cpuShareOf(server);
  const { callers, pauseMs } = UNHURRIED;
  const unhurried = await loadServer(server, { protocol: 'json', asks, callers }, { ...times, pauseMs });
  const drawing = await unhurriedShare();
  await untilIdle(server);
  const beganAt = performance.now();
  const shareOfAll = await cpuShareOf(server);
  const load = loadServer(server, { protocol: 'json', asks: [scarce], callers: WAITING_CALLERS }, times);
  await pause(ARRIVING_MS);
  const shareOfWaiting = await cpuShareOf(server);
  const { calls, p50, worst, failed } = await load;
  const perSecond = calls / ((performance.now() - beganAt) / 1000);
  const [all, waiting] = [await shareOfAll(), await shareOfWaiting()];
  progress(`${store}: ${figure(perSecond)}/s to ${WAITING_CALLERS} waiting callers, ${figure(waiting, 1)} %`);
  return [
    ...[store, figure(perSecond), figure(p50 / 1e6, 1), figure(worst / 1e6, 1), figure(failed)],
    ...[figure(all, 1), figure(waiting, 1), ...targetCells(waiting, WAITING_CPU_TARGET)],
    ...[figure(idle, 1), figure(unhurried.perSecond), figure(drawing, 1)],
  ];
}

/** What it costs that many wait for few keys, beside what the same server costs idle, and as many draws that need not wait. */
export const waiting: Section = async (plan): Promise<readonly Table[]> => {
  const rows: string[][] = [];
  for (const store of plan.stores) rows.push(await measureStore(plan, store));
  const head = ['store', 'draws/s', 'p50 s', 'worst s', 'failed'];
  const cpuHead = ['CPU, % of a core', `after ${ARRIVING_MS / 1000} s`, ...TARGET_HEAD];
  const beside = ['idle %', 'nobody waits: draws/s', 'CPU %'];
  const title = `${WAITING_CALLERS} callers wait for 10 keys at 10/s`;
  return [{ title, head: [...head, ...cpuHead, ...beside], rows }];
};
