import type { Filter } from 'mongodb';
import type { UsageEvent } from '../../model/audit.ts';
import type { AuditStore, Page, PageRequest, UsageFilter } from '../port.ts';
import { listAdminEvents } from './admin-events.ts';
import type { DrawDocument, UsageDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import { atEdge } from './driver-errors.ts';
import { pageByTime, timeRange } from './paging.ts';

/** Rows this much older than the oldest open take's end less its length may be its own, whatever clocks did. */
const OPEN_TAKE_MARGIN_MS = 600_000;

export function createAudit(context: MongoContext): AuditStore {
  return {
    listUsageEvents: (filter, page) => atEdge(() => listUsageEvents(context, filter, page)),
    listAdminEvents: (filter, page) => atEdge(() => listAdminEvents(context, filter, page)),
    deleteExpired: (before, limit) => atEdge(() => deleteExpired(context, before, limit)),
  };
}

function listUsageEvents(
  { rows }: MongoContext,
  filter: UsageFilter,
  page: PageRequest,
): Promise<Page<UsageEvent>> {
  const conditions = {
    ...(filter.consumerId === undefined ? {} : { consumer: filter.consumerId }),
    ...(filter.keyId === undefined ? {} : { key: filter.keyId }),
    ...(filter.feature === undefined ? {} : { feature: filter.feature }),
    ...timeRange(filter),
    kind: 'draw',
  } as Filter<UsageDocument>;
  return pageByTime(rows.usage, conditions, page, (document) => {
    if (document.kind !== 'draw') throw new Error('a void row among usage events');
    return toUsageEvent(document);
  });
}

function toUsageEvent(document: DrawDocument): UsageEvent {
  return {
    id: document._id,
    kind: 'draw',
    at: document.at,
    consumerId: document.consumer,
    keyId: document.key,
    tierId: document.tier,
    feature: document.feature,
    units: document.units,
    requestId: document.request,
    peerAddress: document.peer,
    withheld: document.withheld === true,
  };
}

/** Marks rows whose value did not leave, and forgets the request ids that name them. */
export async function withhold({ rows }: MongoContext, drawIds: readonly string[]): Promise<void> {
  if (drawIds.length === 0) return;
  const named = { _id: { $in: [...drawIds] }, kind: 'draw' as const };
  await rows.usage.updateMany(named, { $set: { withheld: true } });
  const recorded = await rows.usage
    .find({ ...named, record: { $exists: true } })
    .project<{ _id: string; record: string }>({ record: 1 })
    .toArray();
  const records = recorded.map(({ _id, record }) => ({ _id: record, draw: _id }));
  if (records.length > 0) await rows.requests.deleteMany({ $or: records });
}

async function deleteExpired(context: MongoContext, before: number, limit: number): Promise<number> {
  const { usage, requests } = context.rows;
  const bound = Math.min(before, await oldestOpenTake(context));
  const expired = await idsOf(usage.find({ at: { $lt: bound } }).sort({ at: 1, _id: 1 }), limit);
  const usageGone = await usage.deleteMany({ _id: { $in: expired } });
  const left = limit - usageGone.deletedCount;
  if (left <= 0) return usageGone.deletedCount;
  const over = { expireAt: { $lte: new Date(storeNow(context)) } };
  const overIds = await idsOf(requests.find(over), left);
  const requestsGone = await requests.deleteMany({ ...over, _id: { $in: overIds } });
  return usageGone.deletedCount + requestsGone.deletedCount;
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
  const [oldest] = await rows.keys
    .find({ openEnd: { $gt: 0 } })
    .project<{ openEnd: number }>({ openEnd: 1 })
    .sort({ openEnd: 1 })
    .limit(1)
    .toArray();
  return oldest === undefined ? Infinity : oldest.openEnd - openTakeMs - OPEN_TAKE_MARGIN_MS;
}
