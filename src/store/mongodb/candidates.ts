import type { FindCursor } from 'mongodb';
import type { Candidate, QueueRead } from '../../model/round.ts';
import type { BusyKeys } from './busy-keys.ts';
import type { Collections } from './collections.ts';
import type { KeyDocument } from './key-document.ts';
import { PLACES_INDEX } from './migrations.ts';
import type { QueueFronts } from './queue-fronts.ts';
import type { Rivals } from './rivals.ts';
import type { ReadRow } from './roomy-take.ts';

/** What a candidate read gives of a key's row. */
type CandidateDocument = ReadRow &
  Pick<KeyDocument, '_id' | 'freshRank' | 'revision' | 'placed' | 'openEnd' | 'lastRank'> & {
    readonly due?: KeyDocument['due'];
  };

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
      [`meters.${read.feature}`]: 1,
      'budgets.limit': 1,
      'budgets.windowMs': 1,
      'budgets.used': 1,
      'open.take': 1,
      openEnd: 1,
      'took.take': 1,
      takenBy: 1,
      takenAt: 1,
      freshRank: 1,
      expireAt: 1,
      revision: 1,
      placed: 1,
      version: 1,
    })
    .sort({ [place]: 1 })
    .hint(PLACES_INDEX)
    .limit(read.limit)
    .batchSize(read.limit);
}

/** What a round learns of the rows that it reads, besides their places. */
export interface SeenRows {
  /** By key id; a row that a take has changed since is not among them. */
  readonly rows: Map<string, ReadRow>;
  /** The newest revision of each tier that a row has seen. */
  readonly revisions: Map<string, number>;
}

/** What reads of candidates share. */
export interface CandidateReads {
  readonly rows: Collections;
  readonly busy: BusyKeys;
  readonly fronts: QueueFronts;
  readonly rivals: Rivals;
}

/** Reads a page; as many more as there are busy keys, so that enough remain. `now`: the store's moment (ms). */
export async function readCandidates(
  reads: CandidateReads,
  read: QueueRead,
  seen: SeenRows,
  now: number,
): Promise<Candidate[]> {
  const { busy, rivals } = reads;
  const limit = read.limit * rivals.lookFactor(read.queue) + busy.size();
  const documents = await readPage(reads, { ...read, limit });
  return documents.map((document) => {
    const { _id: keyId, lastRank, freshRank } = document;
    seen.rows.set(keyId, document);
    rivals.saw(read.queue, document, now);
    const revision = Math.max(document.revision, document.placed, seen.revisions.get(read.tierId) ?? 0);
    seen.revisions.set(read.tierId, revision);
    return {
      keyId,
      position: document[read.place]?.[read.queue] ?? read.from,
      lastRank: lastRank[read.queue] ?? freshRank,
      preference: rivals.preference(read.queue, keyId),
      busy: busy.has(keyId),
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
