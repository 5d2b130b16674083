import { guardMs, type Limit } from '../../model/tier.ts';
import { STRIDE } from '../../model/virtual-time.ts';
import type { Drawn, DrawRequest, DrawResult } from '../port.ts';
import type { RequestDocument, UsageDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import type { DrawContext } from './draw-context.ts';
import { type DrawName, drawIdOf, drawNameOf } from './draw-ids.ts';
import { fromStoredMap, type KeyDocument } from './key-document.ts';
import { dropRequest, findRequests, keepRequest } from './request-records.ts';
import { leaveBy, sendTake } from './send-take.ts';
import type { PreparedTake } from './send-takes.ts';
import { GENERAL_FORM } from './take-form.ts';
import { withhold } from './usage-events.ts';
import { decideTakes } from './void-rows.ts';

/** After this time without a draw, or without its audit row, a record is taken for one whose process died, in ms. */
const OVERDUE_MS = 1000;

/** A draw as its audit tells it. */
interface RecordedDraw {
  readonly drawId: string;
  readonly at: number;
  readonly key: string;
  readonly tier: string;
  readonly feature: string;
  readonly units: number;
}

interface Recorded {
  /** `pending`: nothing is stored of its take; `void`: it never was, or its value did not leave. */
  readonly draw: RecordedDraw | 'pending' | 'void';
  /** The store's moment of the reading (ms), and the monotonic moment before it was asked for. */
  readonly now: number;
  readonly askedAt: number;
}

/**
 * Answers a draw whose request id is recorded, with the draw that the record names. `again` where that draw never was:
 * the record is gone then, and the next round draws anew; or where its audit may still be on its way.
 */
export async function replay(
  context: DrawContext,
  request: DrawRequest,
  record: RequestDocument,
): Promise<DrawResult> {
  const overdue = storeNow(context) - record.at >= OVERDUE_MS;
  const name = record.draw === null ? null : drawNameOf(record.draw);
  if (name === null) {
    if (overdue) await dropRequest(context, record);
    return { kind: 'again' };
  }
  if (record.withheld === true) {
    await withhold(context, [drawIdOf(name)]);
    return { kind: 'again' };
  }
  if (request.idempotency?.fingerprint !== record.fingerprint) return { kind: 'reused' };
  let recorded = await readDraw(context, name);
  if (recorded.draw === 'pending') {
    if (!overdue) return { kind: 'again' };
    const fate = (await decideTakes(context, [name.take])).get(name.take)?.fate;
    if (fate === 'unknown') return { kind: 'unavailable' };
    if (fate === 'real') recorded = await readDraw(context, name);
  }
  const { draw } = recorded;
  if (draw === 'pending' || draw === 'void') {
    await dropRequest(context, record);
    return { kind: 'again' };
  }
  return useAgain(context, request, record, { ...recorded, draw });
}

async function readDraw({ rows, options }: MongoContext, name: DrawName): Promise<Recorded> {
  const askedAt = options.clock.monotonicMs();
  const found = await rows.usage
    .aggregate<UsageDocument & { readonly now: Date }>(
      [{ $match: { _id: name.take } }, { $set: { now: '$$NOW' } }],
      { readConcern: { level: 'majority' } },
    )
    .next();
  if (found === null) return { draw: 'pending', now: 0, askedAt };
  return { draw: recordedDraw(found, name.serial), now: found.now.getTime(), askedAt };
}

function recordedDraw(row: UsageDocument, serial: number): RecordedDraw | 'void' {
  if (row.kind !== 'draws' || row.withheld?.includes(serial)) return 'void';
  if (!row.draws.some((draw) => draw.serial === serial)) return 'void';
  const { at, key, tier, feature, units } = row;
  return { drawId: drawIdOf({ take: row._id, serial }), at, key, tier, feature, units };
}

/** Hands the same key out again, if it may still be; a late use takes its rate units anew, since it happens now. */
async function useAgain(
  context: DrawContext,
  request: DrawRequest,
  record: RequestDocument,
  { draw: row, now, askedAt }: Recorded & { readonly draw: RecordedDraw },
): Promise<DrawResult> {
  const source = request.queues.find((queue) => queue.tierId === row.tier);
  if (source === undefined) return { kind: 'gone' };
  const key = await context.rows.keys.findOne({ _id: row.key, tierId: row.tier });
  if (key === null || !usable(key, storeNow(context))) return { kind: 'gone' };
  const keeps = (at: number) => keepRequest(context, record._id, row.drawId, at);
  const guards = [...source.limits, ...(await groupLimits(context, key))].map(guardMs);
  if (guards.length === 0)
    return (await keeps(record.at)) ? drawnAgain(row, key, Infinity) : { kind: 'again' };
  const half = Math.min(...guards) / 2;
  // At `askedAt` the store's clock was not past `now` yet.
  const until = askedAt + (record.at + half - now);
  if (until - context.options.clock.monotonicMs() > half / 2)
    return (await keeps(record.at)) ? drawnAgain(row, key, until) : { kind: 'again' };
  const take: PreparedTake = {
    key: { tierId: row.tier, keyId: row.key },
    request: {
      take: context.options.newId(),
      queue: source.queue,
      feature: row.feature,
      limits: source.limits,
      policy: source.policy,
      revision: source.revision,
      units: row.units,
      count: 1,
      rank:
        source.policy.strategy === 'fill_first'
          ? key.freshRank
          : context.time.turnOf([source.queue], key.lastRank[source.queue] ?? 0) + STRIDE,
      openMs: context.openTakeMs,
      settled: [],
      charge: 'rate',
    },
    form: GENERAL_FORM,
  };
  const reply = await sendTake(context, take, null);
  if (reply.kind === 'gone') return { kind: 'gone' };
  if (reply.kind === 'expired') return { kind: 'again' };
  if (reply.kind === 'unknown') return { kind: 'unavailable' };
  const { took } = reply.row;
  if (took.reason === 'stale') return { kind: 'stale', tierId: row.tier };
  if (took.reason === 'unusable') return { kind: 'gone' };
  if (took.granted === 0) {
    // Another retry may have taken the units for it just now.
    const current = (await findRequests(context, [record._id])).get(record._id);
    if (current !== undefined && current.at > record.at) return { kind: 'again' };
    return took.nextAt === null ? { kind: 'gone' } : { kind: 'exhausted', nextAt: took.nextAt };
  }
  // Withheld in the meantime: the next round draws anew.
  if (!(await keeps(took.at))) return { kind: 'again' };
  return drawnAgain(
    row,
    { ...key, ...reply.row },
    leaveBy(reply.sentAt, [...guards, ...(reply.group?.guards ?? [])]),
  );
}

/** The limits of the key's quota group, which bind a late use too. */
async function groupLimits(
  { rows }: MongoContext,
  { traits }: Pick<KeyDocument, 'traits'>,
): Promise<readonly Limit[]> {
  const groupId = traits?.groupId ?? null;
  if (groupId === null) return [];
  return (await rows.groups.findOne({ _id: groupId }, { projection: { limits: 1 } }))?.limits ?? [];
}

function usable(key: Pick<KeyDocument, 'state' | 'expireAt'>, now: number): boolean {
  return key.state === 'active' && (key.expireAt === null || now < key.expireAt);
}

function drawnAgain(
  row: RecordedDraw,
  key: Pick<KeyDocument, '_id' | 'name' | 'value' | 'secrets' | 'metadata' | 'expireAt'>,
  until: number,
): Drawn {
  return {
    kind: 'drawn',
    drawId: row.drawId,
    at: row.at,
    keyId: key._id,
    keyName: key.name,
    tierId: row.tier,
    value: key.value,
    secrets: fromStoredMap(key.secrets),
    metadata: fromStoredMap(key.metadata),
    expireAt: key.expireAt,
    leaveBy: until,
    replayed: true,
  };
}
