import { MongoError } from 'mongodb';
import type { DrawContext } from './draw-context.ts';
import type { Taken } from './round-steps.ts';
import { CONFIRMED_READ, ROW_PROJECTION, type TakenRow } from './send-take.ts';

/*
 * A take that its round's audit follows does not wait for a majority: the audit's row is written after it by the same
 * primary, and what a majority has of a primary's log it has with all that stands before it. So when a majority has the
 * audit, and no other primary was elected in between, it has the take. Else the take is looked for.
 */

/** The takes among these that a majority has, by id; one of which that cannot be told is not among them. */
export async function confirmedTakes(
  { rows }: Pick<DrawContext, 'rows'>,
  takes: readonly Taken[],
): Promise<ReadonlySet<string>> {
  const keyIds = takes.map(({ keyId }) => keyId);
  const tierIds = [...new Set(takes.map(({ tierId }) => tierId))];
  try {
    const found = await rows.keys
      .find({ _id: { $in: keyIds }, tierId: { $in: tierIds } }, CONFIRMED_READ)
      .project<TakenRow>(ROW_PROJECTION)
      .hint({ _id: 1 })
      .batchSize(keyIds.length + 1)
      .toArray();
    const rowOf = new Map(found.map((row) => [row._id, row]));
    const takeIds = takes.map(({ keyId, row }) => ({ keyId, take: row.took.take }));
    const there = takeIds.filter(({ keyId, take }) => tellsOf(rowOf.get(keyId), take));
    return new Set(there.map(({ take }) => take));
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return new Set();
  }
}

function tellsOf(row: TakenRow | undefined, take: string): boolean {
  return row?.took?.take === take || row?.earlier?.some((one) => one.take === take) === true;
}
