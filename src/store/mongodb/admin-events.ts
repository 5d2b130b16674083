import type { ClientSession, Filter } from 'mongodb';
import type { AdminEvent } from '../../model/audit.ts';
import type { AdminEventFilter, Page, PageRequest } from '../port.ts';
import type { AdminEventDocument } from './collections.ts';
import type { MongoContext } from './context.ts';
import { pageByTime, timeRange } from './paging.ts';

/** Writes admin events in the transaction of the changes they tell of. */
export async function writeEvents(
  { rows }: MongoContext,
  events: readonly AdminEvent[],
  session: ClientSession,
): Promise<void> {
  if (events.length === 0) return;
  await rows.adminEvents.insertMany(
    events.map(({ id, ...event }) => ({ _id: id, ...event })),
    { session },
  );
}

export function listAdminEvents(
  { rows }: MongoContext,
  filter: AdminEventFilter,
  page: PageRequest,
): Promise<Page<AdminEvent>> {
  const conditions: Filter<AdminEventDocument> = {
    ...(filter.resourceType === undefined ? {} : { resourceType: { $eq: filter.resourceType } }),
    ...(filter.resourceId === undefined ? {} : { resourceId: { $eq: filter.resourceId } }),
    ...actorCondition(filter.actor),
    ...timeRange(filter),
  } as Filter<AdminEventDocument>;
  return pageByTime(rows.adminEvents, conditions, page, ({ _id, ...event }) => ({ id: _id, ...event }));
}

function actorCondition(actor: string | undefined): object {
  if (actor === undefined) return {};
  return actor === 'root' ? { 'actor.kind': 'root' } : { 'actor.id': actor };
}
