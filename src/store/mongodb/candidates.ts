import type { FindCursor } from 'mongodb';
import type { Candidate, QueueRead } from '../../model/round.ts';
import type { BusyKeys } from './busy-keys.ts';
import type { Collections } from './collections.ts';
import { PLACES_INDEX } from './migrations.ts';
import type { QueueFronts } from './queue-fronts.ts';
import type { RowShape } from './take-decision.ts';

/** What a candidate read gives of a key's row. */
interface CandidateDocument {
  readonly _id: string;
  readonly ready?: Readonly<Record<string, number>>;
  readonly due?: Readonly<Record<string, number>>;
  readonly lastRank: Readonly<Record<string, number>>;
  readonly freshRank: number;
  readonly revision: number;
  readonly placed: number;
  readonly budgets: readonly unknown[];
  readonly openEnd?: number;
}

/** Parked keys that will not have expired when their due has come; others are not worth waiting for. */
export function servesAtDue(queue: string): object {
  return { $or: [{ expireAt: null }, { $expr: { $gt: ['$expireAt', `$due.${queue}`] } }] };
}

/** A page of one queue in the order of its places, straight from the index. */
export function candidateCursor(rows: Collections, read: QueueRead): FindCursor<CandidateDocument> {
  const place = `${read.place}.${read.queue}`;
  return rows.keys
    .find({
      tierId: read.tierId,
      [place]: { $gte: read.from },
      ...(read.place === 'due' ? servesAtDue(read.queue) : {}),
    })
    .project<CandidateDocument>({
      [place]: 1,
      [`lastRank.${read.queue}`]: 1,
      freshRank: 1,
      revision: 1,
      placed: 1,
      'budgets.epoch': 1,
      openEnd: 1,
    })
    .sort({ [place]: 1 })
    .hint(PLACES_INDEX)
    .limit(read.limit)
    .batchSize(read.limit);
}

/** What a round learns of the rows that it reads, besides their places. */
export interface SeenRows {
  /** By key id. */
  readonly shapes: Map<string, RowShape>;
  /** The newest revision of each tier that a row has seen. */
  readonly revisions: Map<string, number>;
}

/** What reads of candidates share. */
export interface CandidateReads {
  readonly rows: Collections;
  readonly busy: BusyKeys;
  readonly fronts: QueueFronts;
}

/** Reads a page; as many more as there are busy keys, so that enough remain. */
export async function readCandidates(
  reads: CandidateReads,
  read: QueueRead,
  seen: SeenRows,
): Promise<Candidate[]> {
  const { busy } = reads;
  const documents = await readPage(reads, { ...read, limit: read.limit + busy.size() });
  return documents.map((document) => {
    const plain = document.budgets.length === 0 && document.openEnd === undefined;
    seen.shapes.set(document._id, plain ? 'plain' : 'budgeted');
    const revision = Math.max(document.revision, document.placed, seen.revisions.get(read.tierId) ?? 0);
    seen.revisions.set(read.tierId, revision);
    return {
      keyId: document._id,
      position: document[read.place]?.[read.queue] ?? read.from,
      lastRank: document.lastRank[read.queue] ?? document.freshRank,
      busy: busy.has(document._id),
    };
  });
}

async function readPage({ rows, fronts }: CandidateReads, read: QueueRead): Promise<CandidateDocument[]> {
  if (read.place === 'due' || read.from !== Number.MIN_SAFE_INTEGER)
    return candidateCursor(rows, read).toArray();
  const front = fronts.of(read.queue);
  const first = await candidateCursor(rows, { ...read, from: front ?? read.from }).toArray();
  // Too few behind the front: only the whole queue tells whether there are more.
  const fromHead = front === null || first.length < read.limit;
  const page = fromHead && front !== null ? await candidateCursor(rows, read).toArray() : first;
  const rank = page[0]?.ready?.[read.queue];
  if (rank !== undefined) fronts.found(read.queue, rank, fromHead);
  return page;
}

/** The highest rank given in a queue; null when no key is ready there. */
export async function highestRank(rows: Collections, tierId: string, queue: string): Promise<number | null> {
  const place = `ready.${queue}`;
  const [last] = await rows.keys
    .find({ tierId, [place]: { $gte: Number.MIN_SAFE_INTEGER } })
    .project<CandidateDocument>({ [place]: 1 })
    .sort({ [place]: -1 })
    .hint(PLACES_INDEX)
    .limit(1)
    .toArray();
  return last?.ready?.[queue] ?? null;
}
