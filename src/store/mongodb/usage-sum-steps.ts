import { SUMMED_SPANS } from '../../model/usage-summary.ts';
import type { Collections } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import { isDuplicateKey } from './driver-errors.ts';
import { type RowCountDocument, sumIdOf, type UsageMarksDocument } from './usage-sum-documents.ts';
import { type EventAxis, mergePipeline } from './usage-sum-pipeline.ts';

/** A step that did not end so long after it began is no longer awaited (ms); it may end all the same. */
const LEASE_MS = 60_000;
/** One sum may take so long; a later step tries again. */
const SUM_MAX_MS = 5 * 60_000;

const HOUR_AXES: readonly EventAxis[] = ['feature', 'records', 'consumer', 'key'];
/** Keys are many, and what one of them did in the hour under way is little: it is summed when it is asked for. */
const SLICE_AXES: readonly EventAxis[] = ['feature', 'records', 'consumer'];

/**
 * Brings the sums of usage forward by one step: sums an hour that is over, else a slice of the one under way, else looks
 * whether rows came late to an hour that was summed, and sums it anew. One process at a time does it, by a lease; two at
 * once do no harm. True when there is more to do.
 */
export async function sumUsageStep(context: MongoContext): Promise<boolean> {
  const { hourMs, sliceMs, settleMs, recheckMs } = context.options.summedSpans ?? SUMMED_SPANS;
  const now = storeNow(context);
  const marks = await takeLease(context, now, hourMs);
  if (marks === null) return false;
  const { hours, slices, checked } = marks;
  if (hours + hourMs + settleMs <= now) {
    const start = await firstFrom(context, hours, hourMs, now - settleMs);
    const to = start === hours ? hours + hourMs : start;
    if (start === hours) await sumHour(context, hours, to);
    await context.rows.usageMarks.updateOne(
      { _id: 'usage', hours },
      { $set: { hours: to }, $max: { slices: to } },
    );
    // Whoever began to sum up before still looks at the slices of the hour before.
    await context.rows.usageSlices.deleteMany({ at: { $lt: to - hourMs } });
    return true;
  }
  if (slices + sliceMs + settleMs <= now) {
    const start = await firstFrom(context, slices, sliceMs, now - settleMs);
    const to = start === slices ? slices + sliceMs : start;
    if (start === slices) await sumSlice(context, slices, to);
    await context.rows.usageMarks.updateOne({ _id: 'usage', slices }, { $set: { slices: to } });
    return true;
  }
  if (checked + hourMs + recheckMs <= now && checked + hourMs <= hours) {
    const start = await firstFrom(context, checked, hourMs, Math.min(now - recheckMs, hours));
    const to = start === checked ? checked + hourMs : start;
    if (start === checked) await recheckHour(context, checked, to);
    await context.rows.usageMarks.updateOne({ _id: 'usage', checked }, { $set: { checked: to } });
    return true;
  }
  return false;
}

/** The marks, when this process is the one to work; null when another is. */
async function takeLease(
  { rows, processId }: MongoContext,
  now: number,
  hourMs: number,
): Promise<UsageMarksDocument | null> {
  const lease = { worker: processId, until: now + LEASE_MS };
  const marks = await rows.usageMarks.findOneAndUpdate(
    {
      _id: 'usage',
      // One from far in the future was taken before the clock stepped back; that of another is a little ahead of this.
      $or: [{ worker: processId }, { until: { $lt: now } }, { until: { $gt: now + 2 * LEASE_MS } }],
    },
    { $set: lease },
    { returnDocument: 'after' },
  );
  if (marks !== null) return marks;
  if ((await rows.usageMarks.findOne({ _id: 'usage' })) !== null) return null;
  const oldest = await rows.usage.find().sort({ at: 1 }).limit(1).project<{ at: number }>({ at: 1 }).next();
  // An hour earlier than the first row: another of its time may be on its way.
  const start = (Math.floor(Math.min(now, oldest?.at ?? now) / hourMs) - 1) * hourMs;
  const first: UsageMarksDocument = { _id: 'usage', hours: start, slices: start, checked: start, ...lease };
  try {
    await rows.usageMarks.insertOne(first);
    return first;
  } catch (error) {
    if (isDuplicateKey(error)) return null;
    throw error;
  }
}

/** The start of the first span from `from` on that has rows, or of the last one that ends by `until` when that is earlier. */
async function firstFrom(
  { rows }: MongoContext,
  from: number,
  spanMs: number,
  until: number,
): Promise<number> {
  const next = await rows.usage
    .find({ at: { $gte: from } })
    .sort({ at: 1 })
    .limit(1)
    .project<{ at: number }>({ at: 1 })
    .next();
  return Math.floor(Math.min(next?.at ?? until, until) / spanMs) * spanMs;
}

function sumInto(
  { usage }: Collections,
  into: string,
  axes: readonly EventAxis[],
  span: { readonly from: number; readonly to: number },
): Promise<unknown> {
  return Promise.all(
    axes.map((axis) =>
      usage
        .aggregate(mergePipeline({ axis, ...span }, into), {
          readConcern: { level: 'majority' },
          allowDiskUse: true,
          maxTimeMS: SUM_MAX_MS,
        })
        .toArray(),
    ),
  );
}

function sumSlice(context: MongoContext, from: number, to: number): Promise<unknown> {
  return context.patiently((rows) =>
    sumInto(rows, rows.usageSlices.collectionName, SLICE_AXES, { from, to }),
  );
}

async function sumHour(context: MongoContext, from: number, to: number): Promise<void> {
  const { usageHours } = context.rows;
  const _id = sumIdOf('rows', '', from);
  // Counted first and noted last: whatever comes in between, or ends it half way, is noticed by the recheck.
  const rows = await context.patiently(async (patient) => {
    const counted = await countRows(patient, from, to);
    await sumInto(patient, usageHours.collectionName, HOUR_AXES, { from, to });
    return counted;
  });
  await usageHours.updateOne({ _id }, { $max: { rows }, $set: { axis: 'rows', at: from } }, { upsert: true });
}

async function recheckHour(context: MongoContext, from: number, to: number): Promise<void> {
  const noted = await context.rows.usageHours.findOne<RowCountDocument>({ _id: sumIdOf('rows', '', from) });
  const counted = await context.patiently((rows) => countRows(rows, from, to));
  if ((noted?.rows ?? 0) !== counted) await sumHour(context, from, to);
}

/** Of a majority, as sums are: one that is counted before it can be summed would never be missed. */
function countRows({ usage }: Collections, from: number, to: number): Promise<number> {
  const options = { maxTimeMS: SUM_MAX_MS, readConcern: { level: 'majority' } } as const;
  return usage.countDocuments({ at: { $gte: from, $lt: to } }, options);
}
