import { MongoBulkWriteError, MongoError } from 'mongodb';
import type { DrawsDocument, UsageDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import { DUPLICATE_KEY } from './driver-errors.ts';

/** What is known of a take's audit row: stored for good, never to be stored, or neither. */
export type Fate = 'real' | 'void' | 'unknown';

/**
 * Writes rows at once, each durable on a majority or listed. `refused`: ids that another row has; `unknown`: all that
 * may or may not be stored.
 */
async function insertRows(
  { rows }: MongoContext,
  documents: readonly UsageDocument[],
): Promise<{ readonly refused: readonly string[]; readonly unknown: readonly string[] }> {
  if (documents.length === 0) return { refused: [], unknown: [] };
  try {
    await rows.usage.insertMany(documents, { ordered: false });
    return { refused: [], unknown: [] };
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    const all = documents.map((document) => document._id);
    if (!(error instanceof MongoBulkWriteError)) return { refused: [], unknown: all };
    // Without a confirmed majority even a duplicate may be one that is rolled back.
    if (error.result.getWriteConcernError() !== undefined) return { refused: [], unknown: all };
    const failures = [error.writeErrors].flat();
    if (failures.length === 0) return { refused: [], unknown: all };
    const idsOf = (duplicates: boolean) =>
      failures
        .filter((failure) => (failure.code === DUPLICATE_KEY) === duplicates)
        .map((failure) => all[failure.index] ?? '');
    return { refused: idsOf(true), unknown: idsOf(false) };
  }
}

/** What became of the audit of a take, and how many of its draws are on record. */
export interface Decided {
  readonly fate: Fate;
  readonly draws: number;
}

/**
 * Decides audit rows whose fate is unknown by inserting void rows with their ids: what is stored then, on a majority,
 * is what they are. Rows that cannot be decided now stay unknown. By take id.
 */
export async function decideTakes(
  context: MongoContext,
  takes: readonly string[],
): Promise<Map<string, Decided>> {
  const at = storeNow(context);
  const { refused, unknown } = await insertRows(
    context,
    takes.map((_id) => ({ _id, kind: 'void', at })),
  );
  const decided = new Map<string, Decided>(takes.map((take) => [take, { fate: 'void', draws: 0 }]));
  for (const take of [...refused, ...unknown]) decided.set(take, { fate: 'unknown', draws: 0 });
  if (refused.length === 0) return decided;
  try {
    const stored = await context.rows.usage
      .find({ _id: { $in: [...refused] } }, { readConcern: { level: 'majority' } })
      .project<Pick<UsageDocument, '_id' | 'kind'> & { readonly draws?: readonly object[] }>({
        kind: 1,
        'draws.serial': 1,
      })
      .toArray();
    for (const { _id, kind, draws = [] } of stored)
      decided.set(_id, { fate: kind === 'draws' ? 'real' : 'void', draws: draws.length });
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
  }
  return decided;
}

/** Writes the audit of takes and says what became of each, by take id. */
export async function writeAudit(
  context: MongoContext,
  documents: readonly DrawsDocument[],
): Promise<Map<string, Fate>> {
  const fates = new Map<string, Fate>(documents.map(({ _id }) => [_id, 'real']));
  const { refused, unknown } = await insertRows(context, documents);
  const undecided = [...refused, ...unknown];
  if (undecided.length === 0) return fates;
  for (const [take, { fate }] of await decideTakes(context, undecided)) fates.set(take, fate);
  return fates;
}
