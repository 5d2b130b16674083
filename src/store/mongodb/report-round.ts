import { MongoError } from 'mongodb';
import {
  APPLIED_MAX,
  applyReport,
  type OutcomeReport,
  type ReportedDraw,
} from '../../model/outcome-report.ts';
import { StoreError } from '../errors.ts';
import type { ReportResult } from '../port.ts';
import { applyStored } from './apply-reports.ts';
import { named, SEEN_PROJECTION, type SeenRow } from './change-keys.ts';
import { type ClaimFate, claimFates } from './claim-fates.ts';
import { type MongoContext, storeNow } from './context.ts';
import { fromStateDocument } from './key-document.ts';
import {
  drawOfReport,
  type ReportDocument,
  saysTheSame,
  storedReportOf,
  toReportDocument,
} from './report-document.ts';
import { type FoundDraw, findDraws } from './reported-draws.ts';
import { readTiers } from './tiers.ts';

/** A report of a draw that is there; `index` in the round. */
interface Asked extends FoundDraw {
  readonly index: number;
  readonly report: OutcomeReport;
}

/**
 * Puts reports on record and changes rows by them; see the port. A report is a row of its own, written before its key's:
 * who finds it not yet applied changes the key by it, and the key's row knows the latest that have changed it.
 */
export async function reportRound(
  context: MongoContext,
  reports: readonly OutcomeReport[],
): Promise<readonly ReportResult[]> {
  const found = await findDraws(context, reports);
  const asked = reports.flatMap((report, index): Asked[] => {
    const draw = found.get(report.drawId);
    return draw === undefined ? [] : [{ ...draw, index, report }];
  });
  const results: ReportResult[] = reports.map(() => ({ kind: 'unknown' }));
  const firsts = [...new Map(asked.toReversed().map((one) => [one.draw.drawId, one])).values()].toReversed();
  const documents = await toDocuments(context, firsts);
  const fates = await claimFates(documents.length, () =>
    context.rows.reports.insertMany(documents, { ordered: false }),
  );
  const fresh = documents.filter((_, i) => fates[i] === 'ours');
  await applyNow(context, fresh);
  const stored = await findStored(context, asked, documents, fates);
  const isFirst = new Set(firsts.map(({ index }) => index));
  const fateOf = new Map(documents.map(({ _id }, i) => [_id, fates[i] ?? 'unknown']));
  for (const { index, draw, report } of asked)
    results[index] = resultOf(draw, report, stored?.get(draw.drawId), {
      isNew: isFirst.has(index) && fateOf.get(draw.drawId) === 'ours',
      fate: fateOf.get(draw.drawId) ?? 'unknown',
    });
  return results;
}

function resultOf(
  { tierId, feature }: ReportedDraw,
  report: OutcomeReport,
  stored: ReportDocument | undefined,
  { isNew, fate }: { readonly isNew: boolean; readonly fate: ClaimFate },
): ReportResult {
  if (isNew) return { kind: 'reported', isNew, tierId, feature };
  if (fate === 'unknown' || stored === undefined) return { kind: 'unavailable' };
  return saysTheSame(stored, report) ? { kind: 'reported', isNew, tierId, feature } : { kind: 'other' };
}

/** The reports that stand, by draw: those written now, and those that were there. */
async function findStored(
  { rows }: MongoContext,
  asked: readonly Asked[],
  documents: readonly ReportDocument[],
  fates: readonly ClaimFate[],
): Promise<ReadonlyMap<string, ReportDocument> | null> {
  const ours = new Map(documents.filter((_, i) => fates[i] === 'ours').map((one) => [one._id, one]));
  const others = asked.map(({ draw }) => draw.drawId).filter((id) => !ours.has(id));
  if (others.length === 0) return ours;
  try {
    const found = await rows.reports
      .find({ _id: { $in: others } }, { readConcern: { level: 'majority' } })
      .toArray();
    return new Map([...ours, ...found.map((one) => [one._id, one] as const)]);
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return ours;
  }
}

/** Reports as rows; those that change nothing of their keys as applied, so that nothing is left to do. */
async function toDocuments(context: MongoContext, asked: readonly Asked[]): Promise<ReportDocument[]> {
  const at = storeNow(context);
  const rows = await readUncommon(context, asked);
  const tierIds = [...rows.values()].flatMap((row) => (row === null ? [] : [row.tierId]));
  const tiers = await readTiers(context, tierIds);
  return asked.map(({ report, draw, group }) => {
    const document = toReportDocument(report, draw, group, at, false);
    const settles = report.units !== null && report.units !== draw.units;
    const row = rows.get(draw.keyId);
    // A key that has gone to another tier is looked for there.
    if (settles || row === undefined) return document;
    if (row === null)
      return { ...document, applied: report.outcome === 'ok' || report.outcome === 'invalid_request' };
    const tier = tiers.get(row.tierId);
    if (tier === undefined) return document;
    const state = fromStateDocument(row);
    const now = Math.max(row.now, state.takenAt);
    const after = applyReport(state, tier, drawOfReport(document), storedReportOf(document), now);
    return { ...document, applied: after.state === state };
  });
}

/** Of a key that an outcome which speaks for it may change all of its state, of others only that they are there. */
const UNCOMMON_PROJECTION = {
  row: {
    $cond: [
      { $or: [{ $eq: ['$smart', true] }, { $gt: ['$health', null] }] },
      {
        ...Object.fromEntries(Object.keys(SEEN_PROJECTION).map((field) => [field, `$${field}`])),
        now: SEEN_PROJECTION.now,
      },
      '$$REMOVE',
    ],
  },
} as const;

/** The keys of draws that are in their tiers still; a row where an outcome which speaks for the key may change it. */
async function readUncommon(
  { rows }: MongoContext,
  asked: readonly Asked[],
): Promise<ReadonlyMap<string, SeenRow | null>> {
  if (asked.length === 0) return new Map();
  const names = new Map(asked.map(({ draw: { keyId, tierId } }) => [keyId, { keyId, tierId }]));
  const found = await rows.keys
    .find(named([...names.values()]))
    .project<{ readonly _id: string; readonly row?: Omit<SeenRow, '_id'> }>(UNCOMMON_PROJECTION)
    .hint({ _id: 1 })
    .batchSize(names.size + 1)
    .toArray();
  return new Map(found.map(({ _id, row }) => [_id, row === undefined ? null : { ...row, _id }]));
}

/** So many at a time that rows have room for them in their lists, as a rule. */
function inSlices(reports: readonly ReportDocument[]): readonly (readonly ReportDocument[])[] {
  const counts = new Map<string, number>();
  const sliceOf = (row: string): number => {
    const count = counts.get(row) ?? 0;
    counts.set(row, count + 1);
    return Math.floor(count / APPLIED_MAX);
  };
  const slices = Map.groupBy(reports, ({ key, group }) =>
    Math.max(sliceOf(key), group === undefined ? 0 : sliceOf(group.id)),
  );
  return [...slices.values()];
}

/** What cannot be done now is done by the sweep. */
async function applyNow(context: MongoContext, documents: readonly ReportDocument[]): Promise<void> {
  const open = documents.filter(({ applied }) => !applied);
  try {
    for (const some of inSlices(open)) await applyStored(context, some, 'local');
  } catch (error) {
    if (!(error instanceof MongoError) && !(error instanceof StoreError)) throw error;
  }
}
