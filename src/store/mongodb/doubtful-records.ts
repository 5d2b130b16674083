import { LRUCache } from 'lru-cache';
import type { UsageRecord } from '../../model/audit.ts';
import { StoreError } from '../errors.ts';
import type { MongoContext } from './context.ts';
import { insertRecordRows, recordsRow } from './usage-records.ts';

/**
 * Rows that usage records of charges may be in or not, by the records' ids: a write of them came to an unknown end. Only
 * in its row can such a write still land, so whoever has taken the row's id knows what became of it.
 */
export type DoubtfulRecords = LRUCache<string, string>;

/** More than can be under way and wait in memory, until they can be written again. */
const DOUBTFUL_MAX = 20_000;

export function createDoubtfulRecords(): DoubtfulRecords {
  // Bounded by size, since a bound on entries takes the room of all of them from the start, and there is hardly ever one.
  return new LRUCache({ maxSize: DOUBTFUL_MAX, sizeCalculation: () => 1 });
}

/** Notes that these records may be in a row; those that are `once` have rows of their own. */
export function noteDoubt(doubtful: DoubtfulRecords, row: string, records: readonly UsageRecord[]): void {
  for (const { id, once } of records) if (!once) doubtful.set(id, row);
}

/** Ids of the records in rows that are there, as a majority has them. */
async function idsIn(
  { rows }: Pick<MongoContext, 'rows'>,
  wanted: ReadonlySet<string>,
): Promise<Set<string>> {
  if (wanted.size === 0) return new Set();
  const found = await rows.usage
    .find({ _id: { $in: [...wanted] }, kind: 'records' }, { readConcern: { level: 'majority' } })
    .project<{ readonly draws: readonly { readonly id: string }[] }>({ 'draws.id': 1 })
    .toArray();
  if (found.length < wanted.size)
    throw new StoreError('unavailable', 'A majority does not have the rows of usage records yet.');
  return new Set(found.flatMap(({ draws }) => draws.map(({ id }) => id)));
}

/**
 * Puts records on record, at a moment (ms), that may be in a row already: tries to write that row, with them alone. Where
 * it is there, it stays as it is. Gives those that are in none of these rows. Errors: `unavailable` (or the driver's).
 */
export async function settleDoubtful(
  context: Pick<MongoContext, 'rows'> & { readonly doubtful: DoubtfulRecords },
  records: readonly UsageRecord[],
  at: number,
): Promise<readonly UsageRecord[]> {
  const { rows, doubtful } = context;
  if (doubtful.size === 0) return records;
  const byRow = Map.groupBy(records, ({ id }) => doubtful.get(id) ?? null);
  const written = [...byRow].flatMap(([row, ofRow]) => (row === null ? [] : [recordsRow(row, ofRow, at)]));
  const refused = await insertRecordRows(rows, written);
  const stored = await idsIn(context, refused);
  return [...byRow].flatMap(([row, ofRow]) => {
    if (row === null) return ofRow;
    return refused.has(row) ? ofRow.filter(({ id }) => !stored.has(id)) : [];
  });
}
