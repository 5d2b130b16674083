import type { Filter } from 'mongodb';
import type { UsageEvent } from '../../model/audit.ts';
import type { Page, PageRequest, UsageFilter } from '../port.ts';
import type { DrawsDocument, StoredDraw, UsageDocument } from './collections.ts';
import type { MongoContext } from './context.ts';
import { drawIdOf } from './draw-ids.ts';
import { decodePosition, encodePosition, timeRange } from './paging.ts';

/** Rows fetched at once: each holds one draw or many. */
const BATCH = 32;

/** The draw after which a page begins. */
interface After {
  readonly at: number;
  readonly take: string;
  readonly serial: number;
}

interface Listed {
  readonly event: UsageEvent;
  readonly after: After;
}

/** A page of draws, newest first: by moment, then by take, then by serial, all descending. */
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
    if (document.kind !== 'draws') throw new Error('a void row among usage events');
    found.push(...drawsOf(document, filter.consumerId, after));
    if (found.length > page.limit) break;
  }
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1)?.after;
  const more = found.length > page.limit && last !== undefined;
  return {
    items: shown.map(({ event }) => event),
    next: more ? encodePosition([last.at, last.take, last.serial]) : null,
  };
}

function positionOf(token: string): After {
  const [at, take, serial] = decodePosition(token, ['number', 'string', 'number']);
  return { at: Number(at), take: String(take), serial: Number(serial) };
}

function conditionsOf(filter: UsageFilter): object {
  return {
    ...(filter.consumerId === undefined ? {} : { 'draws.consumer': filter.consumerId }),
    ...(filter.keyId === undefined ? {} : { key: filter.keyId }),
    ...(filter.feature === undefined ? {} : { feature: filter.feature }),
    ...timeRange(filter),
    kind: 'draws',
  };
}

/** The row of the last draw shown, which may hold more, and all after it. */
function fromOn(after: After | null): object {
  if (after === null) return {};
  return { at: { $lte: after.at }, $or: [{ at: { $lt: after.at } }, { _id: { $lte: after.take } }] };
}

function drawsOf(document: DrawsDocument, consumerId: string | undefined, after: After | null): Listed[] {
  const before = document._id === after?.take ? after.serial : Infinity;
  return document.draws
    .filter(
      ({ consumer, serial }) => serial < before && (consumerId === undefined || consumer === consumerId),
    )
    .toReversed()
    .map((draw) => ({
      event: toUsageEvent(document, draw),
      after: { at: document.at, take: document._id, serial: draw.serial },
    }));
}

function toUsageEvent(document: DrawsDocument, draw: StoredDraw): UsageEvent {
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
  };
}
