import type { Measured } from '../load/contender.ts';
import type { BenchPlan } from '../plan.ts';
import { median } from '../report/statistics.ts';
import { figure } from '../report/table.ts';
import { progress } from '../section.ts';
import type { Contender } from './contenders.ts';

/** What one contender did with so many callers, run by run. */
export interface Line<C extends Contender = Contender> {
  readonly contender: C;
  readonly callers: number;
  readonly runs: readonly Measured[];
}

/** Every run measures all contenders one after another, so that what is compared was measured side by side. */
export async function measureAll<C extends Contender>(
  plan: BenchPlan,
  contenders: readonly C[],
): Promise<readonly Line<C>[]> {
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
export function ratio(line: Line, to: Line | undefined): number | null {
  if (to === undefined) return null;
  return median(line.runs.map((run, i) => run.perSecond / (to.runs[i]?.perSecond ?? Number.NaN)));
}

/** The median over the runs that have the figure; null when none has. */
export function middle(line: Line, of: (run: Measured) => number | null): number | null {
  const values = line.runs.map(of).filter((value) => value !== null);
  return values.length === 0 ? null : median(values);
}
