import type { OutcomeReport, ReportedDraw } from '../../model/outcome-report.ts';
import type { DrawsDocument } from './collections.ts';
import type { MongoContext } from './context.ts';
import { type DrawName, drawIdOf, drawNameOf } from './draw-ids.ts';

/** A draw that is reported, as its audit row tells of it. */
export interface FoundDraw {
  readonly draw: ReportedDraw;
  readonly group: DrawsDocument['group'];
}

/** The draws of reports by id, where they are the reporters' and their values left. */
export async function findDraws(
  { rows }: MongoContext,
  reports: readonly OutcomeReport[],
): Promise<ReadonlyMap<string, FoundDraw>> {
  const names = reports.flatMap((report) => {
    const name = drawNameOf(report.drawId);
    return name === null ? [] : [{ name, report }];
  });
  const takes = [...new Set(names.map(({ name }) => name.take))];
  if (takes.length === 0) return new Map();
  const stored = await rows.usage
    .find({ _id: { $in: takes }, kind: 'draws' })
    .project<DrawsDocument>({
      at: 1,
      key: 1,
      tier: 1,
      feature: 1,
      units: 1,
      group: 1,
      withheld: 1,
      'draws.serial': 1,
      'draws.consumer': 1,
    })
    .hint({ _id: 1 })
    .batchSize(takes.length + 1)
    .toArray();
  const byTake = new Map(stored.map((row) => [row._id, row]));
  const found = new Map<string, FoundDraw>();
  for (const { name, report } of names) {
    const row = byTake.get(name.take);
    const draw = row === undefined ? null : drawIn(row, name);
    if (row === undefined || draw === null) continue;
    if (report.consumerId === null || report.consumerId === draw.consumerId)
      found.set(report.drawId, { draw, group: row.group });
  }
  return found;
}

function drawIn(row: DrawsDocument, name: DrawName): ReportedDraw | null {
  const { take, serial } = name;
  const draw = row.draws.find((one) => one.serial === serial);
  if (draw === undefined || row.withheld?.includes(serial) === true) return null;
  return {
    drawId: drawIdOf(name),
    take,
    serial,
    at: row.at,
    keyId: row.key,
    tierId: row.tier,
    feature: row.feature,
    units: row.units,
    consumerId: draw.consumer,
  };
}
