import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { loadServer, timesOf } from '../load/contender.ts';
import type { Ask } from '../load/plan.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { addPolicies } from '../pool/policies.ts';
import { smallPool } from '../pool/shape.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { progress, type Section } from '../section.ts';
import { cpuMsOf } from '../server/process-usage.ts';
import { servePool } from '../server/served-pool.ts';
import type { Subject } from '../server/subject.ts';
import { BEFORE_TARGET, PAIRS_TARGET, WAITING_CPU_TARGET } from '../targets.ts';
import type { Contender } from './contenders.ts';
import { type Line, measureAll, middle, ratio } from './side-by-side.ts';

const CALLERS = 64;
const WAITING_CALLERS = 1000;
/** 1,000 callers of 100 draws a second wait 10 s each. */
const WAITING_SECONDS_MIN = 25;
/** The time in which all of them have made their connections and asked. */
const ARRIVING_MS = 2000;
const PLAIN = 'draws';
const PAIRS = 'draws, each reported';
const BATCHED = 'draws, reported by 16';
const BATCH = 16;
const BEFORE = 'draws, checkout before';

interface Drawing extends Contender {
  readonly store: StoreName;
}

/** A store with a server on it, and what it is asked for. */
interface Served {
  readonly contenders: readonly Drawing[];
  readonly waiting: { readonly server: Subject; readonly asks: readonly Ask[] };
}

async function drawingBefore(
  plan: BenchPlan,
  store: StoreName,
  before: string,
  until: AsyncDisposableStack,
): Promise<Drawing> {
  const module = pathToFileURL(join(resolve(before), 'bench/server/served-pool.ts'));
  const its: { servePool: typeof servePool } = await import(module.href);
  const { server, asks } = await its.servePool(store, smallPool(plan.keys[0] ?? 1, plan.auditRows), until);
  const measure = (callers: number) =>
    loadServer(server, { protocol: 'json', asks, callers }, timesOf(plan.seconds));
  return { subject: BEFORE, store, protocol: 'json', keys: null, measure };
}

async function serve(plan: BenchPlan, store: StoreName, until: AsyncDisposableStack): Promise<Served> {
  const keys = plan.keys[0] ?? 1;
  const shape = smallPool(keys, plan.auditRows);
  // Reports make a server remember draws: plain ones are drawn from one that was never told of any.
  const plain = await servePool(store, shape, until);
  const { server, asks } = await servePool(store, shape, until);
  const { held, grouped, scarce } = await addPolicies(server.port, keys);
  const reported = (all: readonly Ask[], reportEvery = 1): Ask[] =>
    all.map((ask) => ({ ...ask, reportEvery }));
  const drawing = (subject: string, what: readonly Ask[], from = server): Drawing => ({
    subject,
    store,
    protocol: 'json',
    keys: null,
    measure: (callers) => loadServer(from, { protocol: 'json', asks: what, callers }, timesOf(plan.seconds)),
  });
  const contenders = [
    drawing(PLAIN, plain.asks, plain.server),
    drawing(PAIRS, reported(asks)),
    drawing(BATCHED, reported(asks, BATCH)),
    drawing('draws, settle_timeout', [held]),
    drawing('draws, settle_timeout, each reported', reported([held])),
    drawing('draws, one quota group', [grouped]),
  ];
  if (plan.before !== null) contenders.unshift(await drawingBefore(plan, store, plan.before, until));
  return { contenders, waiting: { server, asks: [scarce] } };
}

function cells(line: Line<Drawing>, lines: readonly Line<Drawing>[]): string[] {
  const { subject, store } = line.contender;
  const to = (other: string): number | null =>
    ratio(
      line,
      lines.find(({ contender }) => contender.store === store && contender.subject === other),
    );
  const toPlain = subject === PLAIN ? null : to(PLAIN);
  const toBefore = subject === PLAIN ? to(BEFORE) : null;
  return [
    ...[store, subject, figure(middle(line, (run) => run.perSecond))],
    ...[figure(middle(line, (run) => run.p50)), figure(middle(line, (run) => run.p99))],
    figure(middle(line, (run) => run.cpuPerCall)),
    figure(line.runs.reduce((sum, run) => sum + run.failed, 0)),
    ...[
      figure(toPlain, 2),
      ...targetCells(toPlain, subject === PAIRS || subject === BATCHED ? PAIRS_TARGET : null),
    ],
    ...[figure(toBefore, 2), ...targetCells(toBefore, BEFORE_TARGET)],
  ];
}

/** The CPU time of a server from a moment on, in % of one core. */
async function cpuShareOf({ pid }: Subject): Promise<() => Promise<number>> {
  const [cpuBefore, since] = [await cpuMsOf(pid), performance.now()];
  return async () => (100 * ((await cpuMsOf(pid)) - cpuBefore)) / (performance.now() - since);
}

/** What the server works while many wait for few keys: at all, and once all of them have come. */
async function waitingRow(plan: BenchPlan, store: StoreName, { waiting }: Served): Promise<string[]> {
  const { server, asks } = waiting;
  const beganAt = performance.now();
  const shareOfAll = await cpuShareOf(server);
  const times = timesOf(Math.max(WAITING_SECONDS_MIN, plan.seconds));
  const load = loadServer(server, { protocol: 'json', asks, callers: WAITING_CALLERS }, times);
  await pause(ARRIVING_MS);
  const shareOfWaiting = await cpuShareOf(server);
  const { calls, p50, worst, failed } = await load;
  const perSecond = calls / ((performance.now() - beganAt) / 1000);
  const [all, percent] = [await shareOfAll(), await shareOfWaiting()];
  progress(`${store}: ${figure(perSecond)}/s to ${WAITING_CALLERS} waiting callers, ${figure(percent, 1)} %`);
  const seconds = [figure(p50 / 1e6, 1), figure(worst / 1e6, 1)];
  return [
    ...[store, figure(perSecond), ...seconds, figure(failed)],
    ...[figure(all, 1), figure(percent, 1), ...targetCells(percent, WAITING_CPU_TARGET)],
  ];
}

/** What reports, policies and waiting cost, beside plain draws, and beside those of an earlier checkout. */
export const outcomes: Section = async (plan): Promise<readonly Table[]> => {
  await using until = new AsyncDisposableStack();
  const waiting: string[][] = [];
  const lines: Line<Drawing>[] = [];
  for (const store of plan.stores) {
    const served = await serve(plan, store, until);
    lines.push(...(await measureAll({ ...plan, callers: [CALLERS] }, served.contenders)));
    waiting.push(await waitingRow(plan, store, served));
  }
  const head = ['store', 'what', 'calls/s', 'p50 µs', 'p99 µs', 'CPU µs/call', 'failed'];
  const compared = ['÷ draws', ...TARGET_HEAD, '÷ before', ...TARGET_HEAD];
  const cpuHead = ['CPU, % of a core', `after ${ARRIVING_MS / 1000} s`, ...TARGET_HEAD];
  const waitingHead = ['store', 'draws/s', 'p50 s', 'worst s', 'failed', ...cpuHead];
  return [
    { title: 'Outcomes', head: [...head, ...compared], rows: lines.map((line) => cells(line, lines)) },
    { title: `${WAITING_CALLERS} callers wait for 10 keys at 10/s`, head: waitingHead, rows: waiting },
  ];
};
