import { MongoBulkWriteError, MongoError } from 'mongodb';
import type { UsageDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';

/** What is known of an audit row: stored for good, never to be stored, or neither. */
export type Fate = 'real' | 'void' | 'unknown';

const DUPLICATE_KEY = 11000;

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

/**
 * Decides audit rows whose fate is unknown by inserting void rows with their ids: what is stored then, on a majority,
 * is what they are. Rows that cannot be decided now stay unknown.
 */
export async function decideRows(context: MongoContext, ids: readonly string[]): Promise<Map<string, Fate>> {
  const at = storeNow(context);
  const { refused, unknown } = await insertRows(
    context,
    ids.map((_id) => ({ _id, kind: 'void', at })),
  );
  const fates = new Map<string, Fate>(ids.map((id) => [id, 'void']));
  for (const id of [...refused, ...unknown]) fates.set(id, 'unknown');
  if (refused.length === 0) return fates;
  try {
    const stored = await context.rows.usage
      .find({ _id: { $in: [...refused] } }, { readConcern: { level: 'majority' } })
      .project<Pick<UsageDocument, '_id' | 'kind'>>({ kind: 1 })
      .toArray();
    for (const { _id, kind } of stored) fates.set(_id, kind === 'draw' ? 'real' : 'void');
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
  }
  return fates;
}

/** Writes the audit rows of draws and says what became of each. */
export async function writeAuditRows(
  context: MongoContext,
  documents: readonly UsageDocument[],
): Promise<Map<string, Fate>> {
  const fates = new Map<string, Fate>(documents.map(({ _id }) => [_id, 'real']));
  const { refused, unknown } = await insertRows(context, documents);
  const undecided = [...refused, ...unknown];
  if (undecided.length === 0) return fates;
  for (const [id, fate] of await decideRows(context, undecided)) fates.set(id, fate);
  return fates;
}
