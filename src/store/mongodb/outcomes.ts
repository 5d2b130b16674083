import type { OutcomeStore } from '../port.ts';
import { applyReports } from './apply-reports.ts';
import type { MongoContext } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { reportRound } from './report-round.ts';

export function createOutcomes(context: MongoContext): OutcomeStore {
  return {
    reportRound: (reports) => atEdge(() => reportRound(context, reports)),
    applyReports: (limit) => atEdge(() => applyReports(context, limit)),
    deleteExpiredReports: (before, limit) => atEdge(() => deleteExpiredReports(context, before, limit)),
  };
}

/** One that has yet to change its key stays, and one whose draw is listed still. */
async function deleteExpiredReports({ rows }: MongoContext, before: number, limit: number): Promise<number> {
  const expired = await rows.reports
    .find({ drawnAt: { $lt: before }, applied: true })
    .project<{ _id: string; take: string }>({ take: 1 })
    .sort({ drawnAt: 1 })
    .limit(limit)
    .toArray();
  if (expired.length === 0) return 0;
  const listed = await rows.usage
    .find({ _id: { $in: [...new Set(expired.map(({ take }) => take))] } })
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  const takes = new Set(listed.map(({ _id }) => _id));
  const gone = expired.filter(({ take }) => !takes.has(take)).map(({ _id }) => _id);
  if (gone.length === 0) return 0;
  return (await rows.reports.deleteMany({ _id: { $in: gone } })).deletedCount;
}
