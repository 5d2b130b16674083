import type { Measured } from '../load/contender.ts';
import type { BenchPlan, StoreName } from '../plan.ts';
import { median } from '../report/statistics.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import { progress, type Section } from '../section.ts';
import { toBareTarget, toNaiveTarget } from '../targets.ts';
import { bareEcho, type Contender, connectEcho, keypools, naiveDraws } from './contenders.ts';

/** What one contender did with so many callers, run by run. */
interface Line {
  readonly contender: Contender;
  readonly callers: number;
  readonly runs: readonly Measured[];
}

const COMPARISON_HEAD = ['÷ bare', ...TARGET_HEAD, '÷ Connect', '÷ naive', ...TARGET_HEAD];
const HEAD = [
  ...['subject', 'protocol', 'keys', 'callers', 'calls/s', 'p50 µs', 'p99 µs', 'CPU µs/call', 'failed'],
  ...COMPARISON_HEAD,
];

/** Every run measures all contenders one after another, so that what is compared was measured side by side. */
async function measureAll(plan: BenchPlan, contenders: readonly Contender[]): Promise<readonly Line[]> {
  const lines = plan.callers.flatMap((callers) =>
    contenders.map((contender) => ({ contender, callers, runs: [] as Measured[] })),
  );
  for (let run = 1; run <= plan.runs; run += 1)
    for (const { contender, callers, runs } of lines) {
      const measured = await contender.measure(callers);
      runs.push(measured);
      const { subject, protocol, keys } = contender;
      const about = [subject, protocol, keys].filter((part) => part !== null).join(' ');
      progress(`run ${run}: ${about} × ${callers}: ${figure(measured.perSecond)}/s`);
    }
  return lines;
}

/** The median of the ratios of each run; null when there is nothing to compare with. */
function ratio(line: Line, to: Line | undefined): number | null {
  if (to === undefined) return null;
  return median(line.runs.map((run, i) => run.perSecond / (to.runs[i]?.perSecond ?? Number.NaN)));
}

/** The median over the runs that have the figure; null when none has. */
function middle(line: Line, of: (run: Measured) => number | null): number | null {
  const values = line.runs.map(of).filter((value) => value !== null);
  return values.length === 0 ? null : median(values);
}

/** How a store compares with what was measured beside it with as many callers. */
function comparisonCells(line: Line, store: StoreName, lines: readonly Line[]): string[] {
  const { callers, contender } = line;
  const { protocol, keys } = contender;
  const to = (is: (other: Contender) => boolean): number | null =>
    ratio(
      line,
      lines.find((other) => other.callers === callers && is(other.contender)),
    );
  const toBare = to((other) => other.subject === 'bare echo');
  const toConnect = to((other) => other.subject === 'Connect echo' && other.protocol === protocol);
  const toNaive = to(
    (other) => other.subject === 'naive draws' && other.keys === keys && store === 'mongodb',
  );
  const measured = { store, protocol: protocol ?? 'json', callers };
  return [
    ...[figure(toBare, 3), ...targetCells(toBare, toBareTarget(measured)), figure(toConnect, 2)],
    ...[figure(toNaive, 1), ...targetCells(toNaive, toNaiveTarget(measured))],
  ];
}

function cells(line: Line, lines: readonly Line[]): string[] {
  const { subject, protocol, keys } = line.contender;
  const isStore = subject === 'sqlite' || subject === 'mongodb';
  return [
    ...[subject, protocol ?? '', figure(keys), String(line.callers)],
    ...[figure(middle(line, (run) => run.perSecond)), figure(middle(line, (run) => run.p50))],
    ...[figure(middle(line, (run) => run.p99)), figure(middle(line, (run) => run.cpuPerCall))],
    figure(line.runs.reduce((sum, run) => sum + run.failed, 0)),
    ...(isStore ? comparisonCells(line, subject, lines) : COMPARISON_HEAD.map(() => '')),
  ];
}

/** Draws per second, beside two echoes and the naive way. */
export const throughput: Section = async (plan): Promise<readonly Table[]> => {
  await using until = new AsyncDisposableStack();
  const contenders = [await bareEcho(plan, until)];
  for (const protocol of plan.protocols) contenders.push(await connectEcho(plan, protocol, until));
  for (const keys of plan.keys) {
    if (plan.stores.includes('mongodb')) contenders.push(await naiveDraws(plan, keys, until));
    for (const store of plan.stores) contenders.push(...(await keypools(plan, store, keys, until)));
  }
  const lines = await measureAll(plan, contenders);
  return [{ title: 'Throughput', head: HEAD, rows: lines.map((line) => cells(line, lines)) }];
};
