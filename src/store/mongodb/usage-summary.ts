import type { Collection, Filter } from 'mongodb';
import {
  addSums,
  mergeCells,
  NO_USE,
  SUMMED_SPANS,
  type UsageSubject,
  type UsageSums,
} from '../../model/usage-summary.ts';
import type { UsagePeriod, UsageSummary } from '../port.ts';
import type { MongoContext } from './context.ts';
import { type RowCountDocument, sumIdOf, type UsageSumDocument } from './usage-sum-documents.ts';
import { sumPipeline } from './usage-sum-pipeline.ts';

/** From a moment on to before another, in ms; null where it has no end. */
interface Span {
  readonly from: number;
  readonly to: number | null;
}

type Part = UsageSums & Pick<UsageSumDocument, 'cells' | 'capped'>;

/** Adding up the newest rows may take so long (ms). */
const TAIL_MAX_MS = 20_000;
/** Looks at the sums: more than one when they went forward meanwhile. */
const LOOKS_MAX = 3;
const TIME_MAX_MS = 1e15 - 1;

/** Sums up use from hours, slices of those that are not over, and the newest rows; see the port. */
export async function summarizeUsage(
  context: MongoContext,
  subject: UsageSubject,
  period: UsagePeriod,
): Promise<UsageSummary> {
  const { hourMs } = context.options.summedSpans ?? SUMMED_SPANS;
  const startAt = period.startAt === undefined ? null : Math.floor(period.startAt / hourMs) * hourMs;
  const endAt = period.endAt === undefined ? null : Math.ceil(period.endAt / hourMs) * hourMs;
  const parts = await readParts(context, subject, { from: startAt ?? 0, to: endAt });
  return {
    startAt,
    endAt,
    ...parts.map(toSums).reduce(addSums, NO_USE),
    cells: mergeCells(parts.flatMap(({ cells }) => cells)),
    isCapped: parts.some(({ capped }) => capped),
  };
}

function toSums({ requests, draws, verifications, recorded, units, errors, lastAt }: Part): UsageSums {
  return { requests, draws, verifications, recorded, units, errors, lastAt };
}

async function readParts(
  context: MongoContext,
  subject: UsageSubject,
  { from, to }: Span,
): Promise<readonly Part[]> {
  const { usageMarks, usageHours, usageSlices } = context.rows;
  const before = (mark: number): number => Math.min(to ?? mark, mark);
  for (let look = 1; ; look += 1) {
    const marks = await usageMarks.findOne({ _id: 'usage' });
    const hours = Math.max(from, marks?.hours ?? 0);
    // Keys have no slices.
    const slices = subject.kind === 'key' ? hours : Math.max(from, marks?.slices ?? 0);
    const parts = await Promise.all([
      readSums(usageHours, subject, { from, to: before(hours) }),
      readSums(usageSlices, subject, { from: hours, to: before(slices) }),
      readTail(context, subject, { from: slices, to }),
    ]);
    // Slices of hours that were summed meanwhile may be gone.
    const after = marks === null ? null : await usageMarks.findOne({ _id: 'usage' });
    if (look === LOOKS_MAX || after?.hours === marks?.hours) return parts.flat();
  }
}

async function readSums(
  collection: Collection<UsageSumDocument> | Collection<UsageSumDocument | RowCountDocument>,
  subject: UsageSubject,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly Part[]> {
  if (from >= to) return [];
  const filter =
    subject.kind === 'all'
      ? { axis: { $in: ['feature', 'records'] }, at: { $gte: from, $lt: to } }
      : {
          _id: {
            $gte: sumIdOf(subject.kind, subject.id, from),
            $lt: sumIdOf(subject.kind, subject.id, Math.min(to, TIME_MAX_MS)),
          },
          // What follows the subject in another's name can look like a moment.
          subject: subject.id,
        };
  return (collection as Collection<UsageSumDocument>)
    .find(filter as Filter<UsageSumDocument>)
    .batchSize(1000)
    .toArray();
}

/** The sums of rows that are in no others yet. */
async function readTail(
  { patiently }: MongoContext,
  subject: UsageSubject,
  { from, to }: Span,
): Promise<readonly Part[]> {
  if (to !== null && from >= to) return [];
  const axes = subject.kind === 'all' ? (['feature', 'records'] as const) : [subject.kind];
  const one = subject.kind === 'all' ? {} : { subject: subject.id };
  const options = { allowDiskUse: true, maxTimeMS: TAIL_MAX_MS };
  return patiently(async ({ usage }) => {
    const sums = axes.map((axis) =>
      usage.aggregate<Part>(sumPipeline({ axis, from, to, ...one }), options).toArray(),
    );
    return (await Promise.all(sums)).flat();
  });
}
