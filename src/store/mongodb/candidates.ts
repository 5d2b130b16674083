import type { FindCursor } from 'mongodb';
import type { KeyTraits } from '../../model/key.ts';
import { meterId } from '../../model/meter.ts';
import { remainingRank } from '../../model/remaining-rank.ts';
import type { Candidate, FoundKey, KeyFind, QueueRead } from '../../model/round.ts';
import type { QueueName } from '../../model/tier.ts';
import type { BusyKeys } from './busy-keys.ts';
import type { Collections } from './collections.ts';
import { fromStoredBudget, type KeyDocument } from './key-document.ts';
import { PLACES_INDEX } from './migrations.ts';
import type { QueueHead, ReadAhead } from './read-ahead.ts';
import type { Rivals } from './rivals.ts';
import type { ReadRow } from './roomy-take.ts';

/** What a candidate read gives of a key's row. */
export type CandidateDocument = ReadRow &
  Pick<KeyDocument, '_id' | 'freshRank' | 'revision' | 'placed' | 'lastRank'> & {
    readonly ready?: KeyDocument['ready'];
    readonly due?: KeyDocument['due'];
    readonly traits?: Pick<KeyTraits, 'weight'>;
    /** Where the queue goes by what remains: meters of the feature, and budgets as they are. */
    readonly meters?: KeyDocument['meters'];
    readonly wholeBudgets?: KeyDocument['budgets'];
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
    .project<CandidateDocument>({ [place]: 1, ...viewOf(read) })
    .sort({ [place]: 1 })
    .hint(PLACES_INDEX)
    .limit(read.limit)
    .batchSize(read.limit);
}

/** Rows of a page, at least: a read costs more than a few rows, and a round that has them may not need another. */
const PAGE_ROWS = 8;

/** What of a row its queue's order, and a take, need to know; but for its place. */
function viewOf(read: QueueRead | KeyFind): object {
  const remaining = { wholeBudgets: '$budgets', [`meters.${read.feature}`]: 1 };
  return {
    [`lastRank.${read.queue}`]: 1,
    ...stampedUnits(read),
    ...(read.strategy === 'most_remaining' ? remaining : {}),
    ...(read.strategy === 'weighted' ? { 'traits.weight': 1 } : {}),
    'budgets.limit': 1,
    'budgets.windowMs': 1,
    'budgets.used': 1,
    'budgets.epoch': 1,
    'open.take': 1,
    'took.take': 1,
    'took.at': 1,
    turn: 1,
    takenBy: 1,
    takenAt: 1,
    freshRank: 1,
    expireAt: 1,
    revision: 1,
    placed: 1,
    version: 1,
    smart: 1,
  };
}

/** What stamps come to and how they end: a row can have many. */
function stampedUnits({ feature, limits }: QueueRead | KeyFind): object {
  return Object.fromEntries(
    limits.flatMap((limit) => {
      const stamps = `$meters.${feature}.${meterId(limit)}.stamps`;
      const id = `stamped.${meterId(limit)}`;
      return [
        [`${id}.units`, { $sum: `${stamps}.n` }],
        [`${id}.count`, { $size: { $ifNull: [stamps, []] } }],
        [`${id}.last`, { $last: stamps }],
      ];
    }),
  );
}

/** What a round learns of the rows that it reads, besides their places. */
export interface SeenRows {
  /** By key id, then by the queue that it was read from; a row that a take has changed since is not among them. */
  readonly rows: Map<string, Map<string, ReadRow>>;
  /** The newest revision of each tier that a row has seen. */
  readonly revisions: Map<string, number>;
}

/** What reads of candidates share. */
export interface CandidateReads {
  readonly rows: Collections;
  readonly busy: BusyKeys;
  readonly ahead: ReadAhead<CandidateDocument>;
  readonly rivals: Rivals;
  readonly monotonicMs: () => number;
}

/** Pages in the order of their reads; `guessed`: queues of which rows read ahead were used. */
export interface ReadPages {
  readonly pages: readonly (readonly Candidate[])[];
  readonly guessed: readonly string[];
}

/** Reads pages of queues; heads that an earlier round has read ahead are not read again. `now`: the store's moment (ms). */
export async function readCandidates(
  parts: CandidateReads,
  reads: readonly QueueRead[],
  seen: SeenRows,
  now: number,
): Promise<ReadPages> {
  const heads = new Map<string, Promise<QueueHead<CandidateDocument>>>();
  const guessed: string[] = [];
  for (const [queue, { ready, parked }] of headReads(reads)) {
    const guess = parts.rivals.any(queue) ? null : parts.ahead.headOf(queue, ready.limit);
    if (guess !== null) guessed.push(queue);
    heads.set(
      queue,
      guess !== null ? Promise.resolve(guess) : readHead(parts, ready, parked, () => guessed.push(queue)),
    );
  }
  const pages = await Promise.all(
    reads.map(async (read) => {
      const head = isHead(read) ? await heads.get(read.queue) : undefined;
      const documents =
        head === undefined
          ? await candidateCursor(parts.rows, widened(parts, read)).toArray()
          : read.place === 'ready'
            ? head.ready.slice(0, widened(parts, read).limit)
            : head.parked;
      return documents.map((document) => candidateOf(parts, read, document, seen, now));
    }),
  );
  return { pages, guessed };
}

/** Of each queue whose head is wanted, ready and parked keys, the longest of several reads. */
function headReads(reads: readonly QueueRead[]): Map<string, Record<'ready' | 'parked', QueueRead>> {
  const longest = { ready: new Map<string, QueueRead>(), due: new Map<string, QueueRead>() };
  for (const read of reads) {
    const known = longest[read.place].get(read.queue);
    if (isHead(read) && (known === undefined || read.limit > known.limit))
      longest[read.place].set(read.queue, read);
  }
  const heads = new Map<string, Record<'ready' | 'parked', QueueRead>>();
  for (const [queue, ready] of longest.ready) {
    const parked = longest.due.get(queue);
    if (parked !== undefined) heads.set(queue, { ready, parked });
  }
  return heads;
}

/** True of a read that rounds may share. */
function isHead({ from, isExact }: QueueRead): boolean {
  return from === Number.MIN_SAFE_INTEGER && !isExact;
}

/** No fewer than are worth a read, as many more as there are busy keys, so that enough remain, and as others may take. */
function widened({ busy, rivals }: CandidateReads, read: QueueRead): QueueRead {
  return { ...read, limit: Math.max(PAGE_ROWS, read.limit) * rivals.lookFactor(read.queue) + busy.size() };
}

/** A queue that was read lately is read on from where it began then; `guess` is called where that was enough. */
async function readHead(
  parts: CandidateReads,
  ready: QueueRead,
  parked: QueueRead,
  guess: () => void,
): Promise<QueueHead<CandidateDocument>> {
  const { ahead, rows } = parts;
  const { queue } = ready;
  const rowsOf = (read: QueueRead) => candidateCursor(rows, widened(parts, read)).toArray();
  const askedAt = parts.monotonicMs();
  const wanted = { ...ready, limit: ahead.rowsToRead(queue, ready.limit) };
  const start = ahead.startOf(queue);
  const further = start === null ? [] : await rowsOf({ ...wanted, from: start });
  if (further.length > 0) {
    guess();
    return ahead.keepReady(queue, further, askedAt, startIn(further, queue));
  }
  const [readyRows, parkedRows] = await Promise.all([rowsOf(wanted), rowsOf(parked)]);
  const head = { ready: readyRows, parked: parkedRows };
  ahead.keep(queue, head, askedAt, startIn(readyRows, queue));
  return head;
}

/** The position of the first of ready rows. */
function startIn([first]: readonly CandidateDocument[], queue: QueueName): number {
  return first?.ready?.[queue] ?? Number.MIN_SAFE_INTEGER;
}

/** Looks keys up by their ids, one read for each queue: each where it stands, null for one that is out or gone. */
export async function findKeys(
  parts: CandidateReads,
  asked: readonly KeyFind[],
  seen: SeenRows,
  now: number,
): Promise<readonly (FoundKey | null)[]> {
  const byQueue = Map.groupBy(asked, ({ queue }) => queue);
  const found = await Promise.all(
    [...byQueue].map(async ([queue, keys]) => [queue, await rowsOf(parts.rows, queue, keys)] as const),
  );
  const rows = new Map(found);
  return asked.map((key) => {
    const row = rows.get(key.queue)?.get(key.keyId);
    if (row === undefined) return null;
    const place = row.ready?.[key.queue] === undefined ? 'due' : 'ready';
    const position = row[place]?.[key.queue];
    if (position === undefined) return null;
    const read = { ...key, place, from: position, limit: 1, isExact: true } as const;
    return { place, candidate: candidateOf(parts, read, row, seen, now) };
  });
}

async function rowsOf(
  { keys }: Collections,
  queue: QueueName,
  asked: readonly KeyFind[],
): Promise<ReadonlyMap<string, CandidateDocument>> {
  const ids = asked.map(({ keyId }) => keyId);
  const view = asked.reduce<object>((_, key) => viewOf(key), {});
  const rows = await keys
    .find({ _id: { $in: ids }, tierId: { $in: asked.map(({ tierId }) => tierId) } })
    .project<CandidateDocument>({ [`ready.${queue}`]: 1, [`due.${queue}`]: 1, ...view })
    .hint({ _id: 1 })
    .batchSize(ids.length + 1)
    .toArray();
  return new Map(rows.map((row) => [row._id, row]));
}

/** By what its queue orders keys. */
function rankOf(read: QueueRead, document: CandidateDocument, now: number): number {
  const { lastRank, freshRank, takenAt, wholeBudgets = [], meters = {} } = document;
  switch (read.strategy) {
    case 'fill_first':
      return freshRank;
    case 'most_remaining': {
      const state = { freshRank, takenAt, meters, budgets: wholeBudgets.map(fromStoredBudget) };
      return remainingRank(state, read.feature, read.limits, Math.max(now, takenAt));
    }
    default:
      return lastRank[read.queue] ?? freshRank;
  }
}

function candidateOf(
  { busy, rivals }: CandidateReads,
  read: QueueRead,
  document: CandidateDocument,
  seen: SeenRows,
  now: number,
): Candidate {
  const { _id: keyId } = document;
  const ofKey = seen.rows.get(keyId) ?? new Map<string, ReadRow>();
  seen.rows.set(keyId, ofKey.set(read.queue, document));
  rivals.saw(read.queue, document, now);
  const revision = Math.max(document.revision, document.placed, seen.revisions.get(read.tierId) ?? 0);
  seen.revisions.set(read.tierId, revision);
  return {
    keyId,
    position: document[read.place]?.[read.queue] ?? read.from,
    lastRank: rankOf(read, document, now),
    weight: document.traits?.weight ?? 1,
    preference: rivals.preference(read.queue, keyId),
    busy: busy.has(keyId),
  };
}
