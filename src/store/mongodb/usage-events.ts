import type { Collection } from 'mongodb';
import { SUMMED_SPANS } from '../../model/usage-summary.ts';
import type { AuditStore } from '../port.ts';
import { listAdminEvents } from './admin-events.ts';
import type { Collections, DrawsDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import { drawIdOf, drawNameOf } from './draw-ids.ts';
import { atEdge } from './driver-errors.ts';
import { releaseHolds } from './release-holds.ts';
import { beginWithholding, endWithholding } from './request-records.ts';
import { listUsageEvents } from './usage-listing.ts';
import { insertUsageRecords } from './usage-records.ts';
import { sumUsageStep } from './usage-sum-steps.ts';
import { summarizeUsage } from './usage-summary.ts';

/** Rows this much older than the oldest open take's end less its length may be its own, whatever clocks did. */
const OPEN_TAKE_MARGIN_MS = 600_000;

/** What the two have in common. */
type OpenRows = Pick<Collection<{ readonly _id: string; readonly openEnd?: number }>, 'find'>;

export function createAudit(context: MongoContext): AuditStore {
  return {
    listUsageEvents: (filter, page) => atEdge(() => listUsageEvents(context, filter, page)),
    listAdminEvents: (filter, page) => atEdge(() => listAdminEvents(context, filter, page)),
    recordUsage: (records) =>
      atEdge(() => insertUsageRecords(context, records, storeNow(context), context.options.newId())),
    summarizeUsage: (subject, period) => atEdge(() => summarizeUsage(context, subject, period)),
    sumUsageStep: () => atEdge(() => sumUsageStep(context)),
    deleteExpired: (before, limit) => atEdge(() => deleteExpired(context, before, limit)),
    deleteExpiredSums: (before, limit) => atEdge(() => deleteExpiredSums(context, before, limit)),
  };
}

/**
 * Marks draws whose value did not leave, and forgets the request ids that name them: first the records say so, so that
 * none of them is handed out again, and whoever meets one after a crash in between goes on here. A draw that a retry was
 * handed out is left as it is.
 */
export async function withhold(context: MongoContext, drawIds: readonly string[]): Promise<void> {
  const records = await recordsOf(context, drawIds);
  const kept = await beginWithholding(context, records);
  const names = drawIds.filter((drawId) => !kept.has(drawId)).flatMap((drawId) => drawNameOf(drawId) ?? []);
  if (names.length === 0) return;
  await context.rows.usage.bulkWrite(
    [...Map.groupBy(names, ({ take }) => take)].map(([take, draws]) => ({
      updateOne: {
        filter: { _id: take, kind: 'draws' },
        update: { $addToSet: { withheld: { $each: draws.map(({ serial }) => serial) } } },
      },
    })),
    { ordered: false },
  );
  await releaseHolds(context, names);
  await endWithholding(
    context,
    records.filter(({ draw }) => !kept.has(draw)),
  );
}

/** The request records that name these draws. */
async function recordsOf({ rows }: MongoContext, drawIds: readonly string[]) {
  const takes = new Set(drawIds.flatMap((drawId) => drawNameOf(drawId)?.take ?? []));
  const found = await rows.usage
    .find({ _id: { $in: [...takes] }, 'draws.record': { $exists: true } })
    .project<Pick<DrawsDocument, '_id' | 'draws'>>({ 'draws.serial': 1, 'draws.record': 1 })
    .toArray();
  const wanted = new Set(drawIds);
  return found.flatMap(({ _id: take, draws }) =>
    draws.flatMap(({ serial, record }) => {
      const draw = drawIdOf({ take, serial });
      return record !== undefined && wanted.has(draw) ? [{ key: record, draw }] : [];
    }),
  );
}

async function deleteExpired(context: MongoContext, before: number, limit: number): Promise<number> {
  const { usage, requests } = context.rows;
  const summed = (await context.rows.usageMarks.findOne({ _id: 'usage' }))?.checked ?? 0;
  const bound = Math.min(before, summed, await oldestOpenTake(context));
  const expired = await idsOf(usage.find({ at: { $lt: bound } }).sort({ at: 1, _id: 1 }), limit);
  const usageGone = await usage.deleteMany({ _id: { $in: expired } });
  const left = limit - usageGone.deletedCount;
  if (left <= 0) return usageGone.deletedCount;
  const over = { expireAt: { $lte: new Date(storeNow(context)) } };
  const overIds = await idsOf(requests.find(over), left);
  const requestsGone = await requests.deleteMany({ ...over, _id: { $in: overIds } });
  return usageGone.deletedCount + requestsGone.deletedCount;
}

async function deleteExpiredSums(context: MongoContext, before: number, limit: number): Promise<number> {
  const { usageHours } = context.rows;
  const { hourMs } = context.options.summedSpans ?? SUMMED_SPANS;
  const expired = await idsOf(usageHours.find({ at: { $lte: before - hourMs } }).sort({ at: 1 }), limit);
  return (await usageHours.deleteMany({ _id: { $in: expired } })).deletedCount;
}

async function idsOf(
  cursor: {
    limit(n: number): { project<T extends object>(p: object): { toArray(): Promise<T[]> } };
  },
  limit: number,
): Promise<string[]> {
  const rows = await cursor.limit(limit).project<{ _id: string }>({ _id: 1 }).toArray();
  return rows.map(({ _id }) => _id);
}

/** The moment before which no row belongs to an open take, in ms; Infinity when none is open. */
async function oldestOpenTake({ rows, openTakeMs }: MongoContext): Promise<number> {
  const ends = await Promise.all([oldestEnd(rows.keys), oldestEnd(rows.groups)]);
  return Math.min(...ends) - openTakeMs - OPEN_TAKE_MARGIN_MS;
}

/** The earliest end of the open takes in rows of keys, or of quota groups; Infinity when none is open. */
async function oldestEnd(rows: Collections['keys'] | Collections['groups']): Promise<number> {
  const open: OpenRows = rows;
  const [oldest] = await open
    .find({ openEnd: { $gt: 0 } })
    .project<{ openEnd: number }>({ openEnd: 1 })
    .sort({ openEnd: 1 })
    .limit(1)
    .toArray();
  return oldest?.openEnd ?? Infinity;
}
