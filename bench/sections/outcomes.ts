import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadServer, timesOf } from '../load/contender.ts';
import type { Ask } from '../load/plan.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { addPolicies } from '../pool/policies.ts';
import { smallPool } from '../pool/shape.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import type { Section } from '../section.ts';
import { servePool } from '../server/served-pool.ts';
import { BEFORE_TARGET, PAIRS_TARGET } from '../targets.ts';
import type { Contender } from './contenders.ts';
import { type Line, measureAll, middle, ratio } from './side-by-side.ts';

const CALLERS = 64;
const PLAIN = 'draws';
const PAIRS = 'draws, each reported';
const BATCHED = 'draws, reported by 16';
const BATCH = 16;
const BEFORE = 'draws, checkout before';

interface Drawing extends Contender {
  readonly store: StoreName;
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

async function contendersOf(
  plan: BenchPlan,
  store: StoreName,
  until: AsyncDisposableStack,
): Promise<readonly Drawing[]> {
  const keys = plan.keys[0] ?? 1;
  const shape = smallPool(keys, plan.auditRows);
  // Reports make a server remember draws: plain ones are drawn from one that was never told of any.
  const plain = await servePool(store, shape, until);
  const { server, asks } = await servePool(store, shape, until);
  const { held, grouped } = await addPolicies(server.port, keys);
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
  return contenders;
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

/** What reports and policies cost, beside plain draws, and beside those of an earlier checkout. */
export const outcomes: Section = async (plan): Promise<readonly Table[]> => {
  await using until = new AsyncDisposableStack();
  const lines: Line<Drawing>[] = [];
  for (const store of plan.stores)
    lines.push(
      ...(await measureAll({ ...plan, callers: [CALLERS] }, await contendersOf(plan, store, until))),
    );
  const head = ['store', 'what', 'calls/s', 'p50 µs', 'p99 µs', 'CPU µs/call', 'failed'];
  const compared = ['÷ draws', ...TARGET_HEAD, '÷ before', ...TARGET_HEAD];
  return [{ title: 'Outcomes', head: [...head, ...compared], rows: lines.map((line) => cells(line, lines)) }];
};
