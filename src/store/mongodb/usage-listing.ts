import type { Filter } from 'mongodb';
import type { RecordEvent, UsageEvent } from '../../model/audit.ts';
import type { Page, PageRequest, UsageFilter } from '../port.ts';
import type {
  DrawsDocument,
  RecordsDocument,
  StoredDraw,
  StoredRecord,
  UsageDocument,
} from './collections.ts';
import type { MongoContext } from './context.ts';
import { drawIdOf } from './draw-ids.ts';
import { decodePosition, encodePosition, timeRange } from './paging.ts';
import { shownReport } from './report-document.ts';

/** Rows fetched at once: each holds one event or many. */
const BATCH = 32;

/** The event after which a page begins: its row, and its place there. */
interface After {
  readonly at: number;
  readonly row: string;
  readonly serial: number;
}

interface Listed {
  readonly event: UsageEvent;
  readonly after: After;
}

/** A page of usage events, newest first: by moment, then by row, then by serial, all descending. */
export async function listUsageEvents(
  { rows }: MongoContext,
  filter: UsageFilter,
  page: PageRequest,
): Promise<Page<UsageEvent>> {
  const after = page.after === null ? null : positionOf(page.after);
  const cursor = rows.usage
    .find({ $and: [conditionsOf(filter), fromOn(after)] } as Filter<UsageDocument>)
    .sort({ at: -1, _id: -1 })
    .batchSize(Math.min(BATCH, page.limit + 1));
  const found: Listed[] = [];
  for await (const document of cursor) {
    found.push(...eventsOf(document, filter.consumerId, after));
    if (found.length > page.limit) break;
  }
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1)?.after;
  const more = found.length > page.limit && last !== undefined;
  return {
    items: await withReports(
      rows,
      shown.map(({ event }) => event),
    ),
    next: more ? encodePosition([last.at, last.row, last.serial]) : null,
  };
}

/** Draws with what was reported of them. */
async function withReports(
  { reports }: MongoContext['rows'],
  events: readonly UsageEvent[],
): Promise<readonly UsageEvent[]> {
  const drawn = events.filter(({ kind }) => kind === 'draw').map(({ id }) => id);
  if (drawn.length === 0) return events;
  const stored = await reports.find({ _id: { $in: drawn } }).toArray();
  const byDraw = new Map(stored.map((report) => [report._id, shownReport(report)]));
  return events.map((event) =>
    event.kind === 'draw' ? { ...event, report: byDraw.get(event.id) ?? null } : event,
  );
}

function positionOf(token: string): After {
  const [at, row, serial] = decodePosition(token, ['number', 'string', 'number']);
  return { at: Number(at), row: String(row), serial: Number(serial) };
}

function conditionsOf(filter: UsageFilter): object {
  return {
    ...(filter.consumerId === undefined ? {} : { 'draws.consumer': filter.consumerId }),
    ...(filter.keyId === undefined ? {} : { key: filter.keyId }),
    ...(filter.feature === undefined ? {} : { feature: filter.feature }),
    ...timeRange(filter),
    kind: { $ne: 'void' },
  };
}

/** The row of the last event shown, which may hold more, and all after it. */
function fromOn(after: After | null): object {
  if (after === null) return {};
  return { at: { $lte: after.at }, $or: [{ at: { $lt: after.at } }, { _id: { $lte: after.row } }] };
}

function eventsOf(document: UsageDocument, consumerId: string | undefined, after: After | null): Listed[] {
  const { _id: row, at } = document;
  const before = row === after?.row ? after.serial : Infinity;
  const isListed = ({ consumer, serial }: StoredDraw): boolean =>
    serial < before && (consumerId === undefined || consumer === consumerId);
  switch (document.kind) {
    case 'void':
      throw new Error('a void row among usage events');
    case 'draws':
      return document.draws
        .filter(isListed)
        .toReversed()
        .map((draw) => ({ event: drawEvent(document, draw), after: { at, row, serial: draw.serial } }));
    case 'records':
      return document.draws
        .filter(isListed)
        .toReversed()
        .map((record) => ({
          event: recordEvent(document, record),
          after: { at, row, serial: record.serial },
        }));
  }
}

function drawEvent(document: DrawsDocument, draw: StoredDraw): UsageEvent {
  return {
    id: drawIdOf({ take: document._id, serial: draw.serial }),
    kind: 'draw',
    at: document.at,
    consumerId: draw.consumer,
    keyId: document.key,
    tierId: document.tier,
    feature: document.feature,
    units: document.units,
    requestId: draw.request,
    peerAddress: draw.peer,
    withheld: document.withheld?.includes(draw.serial) === true,
    report: null,
  };
}

function recordEvent({ at }: RecordsDocument, record: StoredRecord): RecordEvent {
  return {
    id: record.id,
    kind: record.kind,
    at,
    consumerId: record.consumer,
    units: record.units,
    resource: record.resource ?? null,
    endpoint: record.endpoint ?? null,
    statusCode: record.status ?? null,
    outcome: record.outcome ?? null,
    requestId: record.request,
    peerAddress: record.peer,
  };
}
