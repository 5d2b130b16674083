import type { StoreName } from '../plan.ts';
import { figure, type Table } from '../report/table.ts';
import { TARGET_HEAD, targetCells } from '../report/target.ts';
import type { Section } from '../section.ts';
import { toBareTarget, toNaiveTarget } from '../targets.ts';
import { bareEcho, type Contender, connectEcho, keypools, naiveDraws } from './contenders.ts';
import { type Line, measureAll, middle, ratio } from './side-by-side.ts';

const COMPARISON_HEAD = ['÷ bare', ...TARGET_HEAD, '÷ Connect', '÷ naive', ...TARGET_HEAD];
const HEAD = [
  ...['subject', 'protocol', 'keys', 'callers', 'calls/s', 'p50 µs', 'p99 µs', 'CPU µs/call', 'failed'],
  ...COMPARISON_HEAD,
];

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
