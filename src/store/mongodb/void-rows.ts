import { MongoError, type ObjectId } from 'mongodb';
import type { DrawsDocument, UsageDocument } from './collections.ts';
import { type MongoContext, storeNow } from './context.ts';
import type { DrawContext } from './draw-context.ts';
import { DUPLICATE_KEY } from './driver-errors.ts';

/** What is known of a take's audit row: stored for good, never to be stored, or neither. */
export type Fate = 'real' | 'void' | 'unknown';

/** What became of rows that were written at once: each is durable on a majority, or listed. */
interface Inserted {
  /** Ids that another row has. */
  readonly refused: readonly string[];
  /** Ids of all that may or may not be stored. */
  readonly unknown: readonly string[];
  /** The election of the primary that wrote them; null where it does not say. */
  readonly election: string | null;
}

/** What the server answers. */
interface InsertReply {
  readonly electionId?: ObjectId;
  readonly writeErrors?: readonly { readonly index: number; readonly code: number }[];
}

/** An insert that takes longer, in ms, is given up: most likely its primary has no majority. */
const INSERT_MAX_MS = 1500;

/** As a command of its own, since only its raw answer names the election. */
async function insertRows(
  { db, rows }: MongoContext,
  documents: readonly UsageDocument[],
): Promise<Inserted> {
  if (documents.length === 0) return { refused: [], unknown: [], election: null };
  const all = documents.map((document) => document._id);
  try {
    const reply: InsertReply = await db.command({
      insert: rows.usage.collectionName,
      documents,
      ordered: false,
      maxTimeMS: INSERT_MAX_MS,
      writeConcern: { w: 'majority', j: true },
    });
    const idsOf = (duplicates: boolean) =>
      (reply.writeErrors ?? [])
        .filter((failure) => (failure.code === DUPLICATE_KEY) === duplicates)
        .map((failure) => all[failure.index] ?? '');
    const election = reply.electionId?.toHexString() ?? null;
    return { refused: idsOf(true), unknown: idsOf(false), election };
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    // Without a confirmed majority even a duplicate may be one that is rolled back.
    return { refused: [], unknown: all, election: null };
  }
}

/** What became of the audit of a take, and how many of its draws are on record. */
export interface Decided {
  readonly fate: Fate;
  readonly draws: number;
  /** The election of the primary that found its row there or stored the void one; null where that is not known. */
  readonly election: string | null;
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
  const { refused, unknown, election } = await insertRows(
    context,
    takes.map((_id) => ({ _id, kind: 'void', at })),
  );
  const decided = new Map<string, Decided>(takes.map((take) => [take, { fate: 'void', draws: 0, election }]));
  for (const take of [...refused, ...unknown])
    decided.set(take, { fate: 'unknown', draws: 0, election: null });
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
      decided.set(_id, { fate: kind === 'draws' ? 'real' : 'void', draws: draws.length, election });
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
  }
  return decided;
}

/** What became of the audit of takes. */
export interface Audit {
  /** By take id. */
  readonly fates: ReadonlyMap<string, Fate>;
  /** The election of the primary that wrote or decided all of it by one command; null where that is not known. */
  readonly election: string | null;
}

/** Writes the audit of takes. */
export async function writeAudit(context: DrawContext, documents: readonly DrawsDocument[]): Promise<Audit> {
  const fates = new Map<string, Fate>(documents.map(({ _id }) => [_id, 'real']));
  if (documents.length === 0) return { fates, election: null };
  const { refused, unknown, election } = await insertRows(context, documents);
  context.lastAudit.election = election;
  const undecided = [...refused, ...unknown];
  if (undecided.length === 0) return { fates, election };
  const decided = await decideTakes(context, undecided);
  for (const [take, { fate }] of decided) fates.set(take, fate);
  // Of an answer that was lost, all rows were decided by one command. A row that the primary of an election had by then, of
  // a take that was sent in that election, was written in it too.
  const [one] = decided.values();
  return { fates, election: election === null ? (one?.election ?? null) : null };
}
