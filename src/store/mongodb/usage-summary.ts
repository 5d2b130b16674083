import type { Collection, Document } from 'mongodb';
import {
  addSums,
  mergeCells,
  NO_USE,
  SUMMED_SPANS,
  type UsageCell,
  type UsageFacts,
  type UsageSubject,
  type UsageSums,
} from '../../model/usage-summary.ts';
import type { UsagePeriod, UsageSummary } from '../port.ts';
import type { Collections } from './collections.ts';
import type { MongoContext } from './context.ts';
import { sumIdOf, type UsageSumDocument } from './usage-sum-documents.ts';
import { sumPipeline } from './usage-sum-pipeline.ts';

/** From a moment on to before another, in ms; null where it has no end. */
interface Span {
  readonly from: number;
  readonly to: number | null;
}

type Part = UsageSums & Pick<UsageSumDocument, 'cells' | 'capped'>;

/** What `ADD_CELLS` makes of cells that say the same. */
interface AddedCell extends Pick<UsageCell, 'events' | 'units'> {
  readonly _id: UsageFacts;
}

/** Adding up may take so long (ms). */
const READ_OPTIONS = { allowDiskUse: true, maxTimeMS: 20_000 } as const;

const SUMMED = ['requests', 'draws', 'verifications', 'recorded', 'units', 'errors'] as const;

/** Adds sums up where they are: those of years are many. */
const ADD_SUMS: Document = {
  $group: {
    _id: null,
    ...Object.fromEntries(SUMMED.map((name) => [name, { $sum: `$${name}` }])),
    lastAt: { $max: '$lastAt' },
    capped: { $max: '$capped' },
  },
};

const FACTS = ['resource', 'endpoint', 'statusCode', 'outcome'] as const;

/** So their cells. */
const ADD_CELLS: readonly Document[] = [
  { $project: { cells: 1 } },
  { $unwind: '$cells' },
  {
    $group: {
      _id: Object.fromEntries(FACTS.map((name) => [name, `$cells.${name}`])),
      events: { $sum: '$cells.events' },
      units: { $sum: '$cells.units' },
    },
  },
];

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
  const span = { from: startAt ?? 0, to: endAt };
  const parts = await context.patiently((rows) => readParts(context, rows, subject, span));
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

/** `patient`: what waits for long sums; the marks tell at once when there is no store. */
async function readParts(
  { rows }: MongoContext,
  patient: Collections,
  subject: UsageSubject,
  { from, to }: Span,
): Promise<readonly Part[]> {
  const { usageMarks } = rows;
  const { usageHours, usageSlices } = patient;
  const before = (mark: number): number => Math.min(to ?? mark, mark);
  for (let look = 1; ; look += 1) {
    const marks = await usageMarks.findOne({ _id: 'usage' });
    const hours = Math.max(from, marks?.hours ?? 0);
    // Keys have no slices.
    const slices = subject.kind === 'key' ? hours : Math.max(from, marks?.slices ?? 0);
    const parts = await Promise.all([
      readSums(usageHours, subject, { from, to: before(hours) }),
      readSums(usageSlices, subject, { from: hours, to: before(slices) }),
      readTail(patient, subject, { from: slices, to }),
    ]);
    // Slices of hours that were summed meanwhile may be gone.
    const after = marks === null ? null : await usageMarks.findOne({ _id: 'usage' });
    if (look === LOOKS_MAX || after?.hours === marks?.hours) return parts.flat();
  }
}

async function readSums(
  collection: Pick<Collection, 'aggregate'>,
  subject: UsageSubject,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly Part[]> {
  if (from >= to) return [];
  const $match =
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
  const [sums, cells] = await Promise.all([
    collection.aggregate<Omit<Part, 'cells'>>([{ $match }, ADD_SUMS], READ_OPTIONS).toArray(),
    collection.aggregate<AddedCell>([{ $match }, ...ADD_CELLS], READ_OPTIONS).toArray(),
  ]);
  return [
    ...sums.map((sum) => ({ ...sum, cells: [] })),
    { ...NO_USE, capped: false, cells: cells.map(({ _id, events, units }) => ({ ..._id, events, units })) },
  ];
}

/** The sums of rows that are in no others yet. */
async function readTail(
  { usage }: Collections,
  subject: UsageSubject,
  { from, to }: Span,
): Promise<readonly Part[]> {
  if (to !== null && from >= to) return [];
  const axes = subject.kind === 'all' ? (['feature', 'records'] as const) : [subject.kind];
  const one = subject.kind === 'all' ? {} : { subject: subject.id };
  const sums = axes.map((axis) =>
    usage.aggregate<Part>(sumPipeline({ axis, from, to, ...one }), READ_OPTIONS).toArray(),
  );
  return (await Promise.all(sums)).flat();
}
