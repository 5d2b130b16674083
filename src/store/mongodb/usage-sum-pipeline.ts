import type { Document } from 'mongodb';
import { CELLS_PER_HOUR_MAX } from '../../model/usage-summary.ts';
import { type SumAxis, sumIdEnd } from './usage-sum-documents.ts';

/** Axes whose sums are made from events. */
export type EventAxis = Exclude<SumAxis, 'rows'>;

/** Which audit rows to sum up: from a moment on to before another (ms), of one subject or of all. */
export interface SummedRows {
  readonly axis: EventAxis;
  readonly from: number;
  /** Null: all there are. */
  readonly to: number | null;
  readonly subject?: string;
}

/** The field by which the events of an axis are looked up. */
const FIELD = { feature: 'feature', key: 'key', consumer: 'draws.consumer' } as const;

function rowsOf({ axis, from, to, subject }: SummedRows, kind: 'draws' | 'records'): Document {
  const of = subject === undefined || axis === 'records' ? {} : { [FIELD[axis]]: subject };
  return { $match: { ...of, at: { $gte: from, ...(to === null ? {} : { $lt: to }) }, kind } };
}

/** Of a row's events those of the consumer that is asked for; all where all are. */
function eventsOf({ axis, subject }: SummedRows): Document[] {
  const one = axis === 'consumer' && subject !== undefined ? [{ $match: { 'draws.consumer': subject } }] : [];
  return [{ $unwind: '$draws' }, ...one];
}

/** Draws count by row where a row has one subject, and else one by one; nothing more is known of them. */
function draws(rows: SummedRows): Document[] {
  const { axis } = rows;
  const isByRow = axis === 'feature' || axis === 'key';
  const count = { $size: '$draws' };
  return [
    rowsOf(rows, 'draws'),
    ...(isByRow ? [] : eventsOf(rows)),
    {
      $group: {
        _id: isByRow ? `$${axis}` : '$draws.consumer',
        events: { $sum: isByRow ? count : 1 },
        units: { $sum: isByRow ? { $multiply: ['$units', count] } : '$units' },
        lastAt: { $max: '$at' },
      },
    },
    { $set: { _id: { subject: '$_id', kind: 'draw' } } },
  ];
}

/** Records one by one, those alike together. `$_id.tells`: of a verified call, which counts by itself. */
function records(rows: SummedRows): Document[] {
  return [
    rowsOf(rows, 'records'),
    ...eventsOf(rows),
    {
      $group: {
        _id: {
          subject: rows.axis === 'consumer' ? '$draws.consumer' : { $literal: '' },
          kind: '$draws.kind',
          tells: { $and: [{ $eq: ['$draws.kind', 'recorded'] }, { $ne: ['$draws.request', ''] }] },
          resource: '$draws.resource',
          endpoint: '$draws.endpoint',
          status: '$draws.status',
          outcome: '$draws.outcome',
        },
        events: { $sum: 1 },
        units: { $sum: '$draws.units' },
        lastAt: { $max: '$at' },
      },
    },
  ];
}

function groups(rows: SummedRows): Document[] {
  if (rows.axis === 'records') return records(rows);
  if (rows.axis !== 'consumer') return draws(rows);
  return [...draws(rows), { $unionWith: { coll: 'usage_events', pipeline: records(rows) } }];
}

function sumWhere(condition: Document): Document {
  return { $sum: { $cond: [condition, '$events', 0] } };
}

const SAYS_SOMETHING = {
  $ne: [{ $ifNull: ['$_id.resource', '$_id.endpoint', '$_id.status', '$_id.outcome', null] }, null],
};

/** See `isError` in the model. */
const IS_ERROR = {
  $cond: [
    { $eq: [{ $ifNull: ['$_id.outcome', null] }, null] },
    { $gte: [{ $ifNull: ['$_id.status', 0] }, 400] },
    { $ne: ['$_id.outcome', 'ok'] },
  ],
};

/** Sums up groups by subject, with the most frequent cells. */
const SUMS: readonly Document[] = [
  { $set: { says: { $cond: [SAYS_SOMETHING, 1, 0] } } },
  {
    $group: {
      _id: '$_id.subject',
      events: { $sum: '$events' },
      requests: sumWhere({ $ne: ['$_id.tells', true] }),
      draws: sumWhere({ $eq: ['$_id.kind', 'draw'] }),
      verifications: sumWhere({ $eq: ['$_id.kind', 'verify'] }),
      recorded: sumWhere({ $eq: ['$_id.kind', 'recorded'] }),
      units: { $sum: '$units' },
      errors: sumWhere(IS_ERROR),
      lastAt: { $max: '$lastAt' },
      found: { $sum: '$says' },
      cells: {
        $topN: {
          n: CELLS_PER_HOUR_MAX,
          sortBy: { says: -1, events: -1 },
          output: {
            says: '$says',
            resource: { $ifNull: ['$_id.resource', null] },
            endpoint: { $ifNull: ['$_id.endpoint', null] },
            statusCode: { $ifNull: ['$_id.status', null] },
            outcome: { $ifNull: ['$_id.outcome', null] },
            events: '$events',
            units: '$units',
          },
        },
      },
    },
  },
  {
    $set: {
      capped: { $gt: ['$found', CELLS_PER_HOUR_MAX] },
      cells: { $filter: { input: '$cells', cond: { $eq: ['$$this.says', 1] } } },
    },
  },
  { $unset: ['found', 'cells.says'] },
];

/** Sums of audit rows, one document a subject with its name in `_id`; the rest as in `UsageSumDocument`. */
export function sumPipeline(rows: SummedRows): Document[] {
  return [...groups(rows), ...SUMS];
}

/**
 * The same, put where the sums of a span stand that begins at `from`. Whichever of two writers comes last, and whatever was
 * deleted in between, the document with more events stays: so any number may do it, at any time and again.
 */
export function mergePipeline(rows: SummedRows, into: string): Document[] {
  const { axis, from } = rows;
  return [
    ...sumPipeline(rows),
    {
      $set: {
        _id: { $concat: [`${axis}|`, '$_id', sumIdEnd(from)] },
        axis: { $literal: axis },
        subject: '$_id',
        at: { $literal: from },
      },
    },
    {
      $merge: {
        into,
        on: '_id',
        whenMatched: [{ $replaceWith: { $cond: [{ $gt: ['$$new.events', '$events'] }, '$$new', '$$ROOT'] } }],
        whenNotMatched: 'insert',
      },
    },
  ];
}
