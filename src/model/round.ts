import type { RankSource } from './rank.ts';
import type { Took } from './take.ts';
import type { Limit, QueueName } from './tier.ts';

/** One tier's queue that a draw may use, with the limits that bind there. */
export interface DrawQueue {
  readonly tierId: string;
  readonly queue: QueueName;
  readonly limits: readonly Limit[];
  readonly revision: number;
}

/** Draws that may be served by the same keys: same feature, units and queues. `size` of them wait. */
export interface DrawGroup {
  readonly feature: string;
  readonly units: number;
  readonly queues: readonly DrawQueue[];
  readonly size: number;
}

/** A page of one queue, by rank (`ready`) or by due moment (`due`), from `from` (inclusive) upwards. */
export interface QueueRead {
  readonly tierId: string;
  readonly queue: QueueName;
  readonly place: 'ready' | 'due';
  readonly from: number;
  readonly limit: number;
}

/** A key as it stood in a queue when it was read. */
export interface Candidate {
  readonly keyId: string;
  /** Its rank, or its due moment. */
  readonly position: number;
  /** The rank of its last use there (its fresh rank when never drawn). */
  readonly lastRank: number;
  /** True while another round of this process has a take on it under way. */
  readonly busy: boolean;
}

/** A take that a round asks for. */
export interface RoundTake {
  readonly group: number;
  readonly keyId: string;
  readonly source: DrawQueue;
  readonly count: number;
  readonly rank: number;
}

export type RoundStep =
  | { readonly kind: 'read'; readonly reads: readonly QueueRead[] }
  | { readonly kind: 'take'; readonly takes: readonly RoundTake[] };

/** What a step gives back: pages for `read` in order, answers for `take` in order
 * (null: the key is gone, or what became of the take is not known). */
export type RoundReply =
  | { readonly kind: 'read'; readonly now: number; readonly pages: readonly (readonly Candidate[])[] }
  | { readonly kind: 'take'; readonly replies: readonly (Took | null)[] };

/** Granted draws of a group, in the order of its draws. */
export interface Grant {
  readonly group: number;
  readonly keyId: string;
  readonly source: DrawQueue;
  readonly took: Took;
  /** How many of the group's waiting draws it serves. */
  readonly draws: number;
}

/** Why the rest of a group was not served. `again`: keys are in use by another round, try in the next. */
export type Shortage =
  | { readonly kind: 'none' }
  | { readonly kind: 'exhausted'; readonly nextAt: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'again' }
  | { readonly kind: 'stale'; readonly tierId: string };

export interface RoundResult {
  readonly grants: readonly Grant[];
  /** One per group. */
  readonly shortages: readonly Shortage[];
}

const PAGE_MIN = 8;
const PAGE_MAX = 256;
/** Keys a group may look at in one round before its rest is told to come back. */
export const EXAMINED_MAX = 4096;
const EXAMINED_RETRY_MS = 1000;

interface Cursor {
  readonly source: DrawQueue;
  readonly place: 'ready' | 'due';
  from: number;
  done: boolean;
}

interface Waiting {
  readonly group: DrawGroup;
  readonly index: number;
  readonly cursors: readonly Cursor[];
  readonly seen: Set<string>;
  candidates: { readonly candidate: Candidate; readonly source: DrawQueue }[];
  left: number;
  page: number;
  sawBusy: boolean;
  nextAt: number | null;
  staleTier: string | null;
}

function waitingOf(group: DrawGroup, index: number): Waiting {
  const places = ['ready', 'due'] as const;
  const cursors = group.queues.flatMap((source) =>
    places.map((place) => ({ source, place, from: Number.MIN_SAFE_INTEGER, done: false })),
  );
  return {
    group,
    index,
    cursors,
    seen: new Set(),
    candidates: [],
    left: group.size,
    page: Math.min(PAGE_MAX, Math.max(PAGE_MIN, group.size)),
    sawBusy: false,
    nextAt: null,
    staleTier: null,
  };
}

function noteNext(waiting: Waiting, at: number | null): void {
  if (at !== null && (waiting.nextAt === null || at < waiting.nextAt)) waiting.nextAt = at;
}

/** Takes over one page: what may be tried now becomes a candidate, the first moment in the future is noted. */
function absorb(
  waiting: Waiting,
  cursor: Cursor,
  page: readonly Candidate[],
  limit: number,
  now: number,
): void {
  const before = waiting.seen.size;
  for (const candidate of page) {
    if (cursor.place === 'due' && candidate.position > now) {
      noteNext(waiting, candidate.position);
      cursor.done = true;
      break;
    }
    cursor.from = candidate.position;
    if (waiting.seen.has(candidate.keyId)) continue;
    waiting.seen.add(candidate.keyId);
    if (candidate.busy) waiting.sawBusy = true;
    else waiting.candidates.push({ candidate, source: cursor.source });
  }
  if (page.length < limit || limit >= EXAMINED_MAX) cursor.done = true;
  // A full page of keys already seen (equal positions): only a longer one leads past them.
  waiting.page = Math.min(waiting.seen.size > before ? PAGE_MAX : EXAMINED_MAX, limit * 2);
}

function needsPage(waiting: Waiting): boolean {
  return (
    waiting.left > 0 &&
    waiting.staleTier === null &&
    waiting.candidates.length === 0 &&
    waiting.seen.size < EXAMINED_MAX &&
    waiting.cursors.some((cursor) => !cursor.done)
  );
}

/** Reads a page for every group that has nothing left to try; gives the store's moment, 0 when nothing was read. */
function* readPages(all: readonly Waiting[], ranks: RankSource): Generator<RoundStep, number, RoundReply> {
  const wanted = all
    .filter(needsPage)
    .flatMap((waiting) =>
      waiting.cursors
        .filter((cursor) => !cursor.done)
        .map((cursor) => ({ waiting, cursor, limit: waiting.page })),
    );
  if (wanted.length === 0) return 0;
  const reads = wanted.map(({ cursor, limit }) => ({
    tierId: cursor.source.tierId,
    queue: cursor.source.queue,
    place: cursor.place,
    from: cursor.from,
    limit,
  }));
  const reply = yield { kind: 'read', reads };
  if (reply.kind !== 'read') throw new Error('a read step was answered by something else');
  for (const [i, { waiting, cursor, limit }] of wanted.entries())
    absorb(waiting, cursor, reply.pages[i] ?? [], limit, reply.now);
  for (const waiting of new Set(wanted.map((want) => want.waiting))) {
    for (const { candidate } of waiting.candidates) ranks.saw(candidate.lastRank);
    waiting.candidates.sort((a, b) => a.candidate.lastRank - b.candidate.lastRank);
  }
  return reply.now;
}

/**
 * Spreads what waits over the least recently used candidates, as if the draws came one after another: each key's rank
 * is that of its last turn, so that an uneven share is evened out by the next round.
 */
function assign(waiting: Waiting, ranks: RankSource, taken: Set<string>): RoundTake[] {
  const usable = waiting.candidates.filter(({ candidate }) => !taken.has(candidate.keyId));
  const chosen = usable.slice(0, waiting.left);
  if (chosen.length === 0) return [];
  const firstRank = ranks.next(waiting.left);
  const takes = chosen.map(({ candidate, source }, i) => {
    const count = Math.floor((waiting.left - i - 1) / chosen.length) + 1;
    taken.add(candidate.keyId);
    return {
      group: waiting.index,
      keyId: candidate.keyId,
      source,
      count,
      rank: firstRank + i + (count - 1) * chosen.length,
    };
  });
  const gone = new Set(chosen);
  waiting.candidates = waiting.candidates.filter((entry) => !gone.has(entry));
  return takes;
}

function applyReply(waiting: Waiting, take: RoundTake, took: Took | null, grants: Grant[]): void {
  if (took === null) {
    waiting.sawBusy = true;
    return;
  }
  if (took.reason === 'stale') waiting.staleTier = take.source.tierId;
  const draws = took.granted / waiting.group.units;
  if (draws > 0) {
    grants.push({ group: waiting.index, keyId: take.keyId, source: take.source, took, draws });
    waiting.left -= draws;
  }
  if (draws < take.count) {
    noteNext(waiting, took.nextAt);
    return;
  }
  // It gave all it was asked for, so it may have more for what others could not give.
  const candidate = { keyId: take.keyId, position: take.rank, lastRank: take.rank, busy: false };
  waiting.candidates.push({ candidate, source: take.source });
}

function shortageOf(waiting: Waiting, now: number): Shortage {
  if (waiting.left === 0) return { kind: 'none' };
  if (waiting.staleTier !== null) return { kind: 'stale', tierId: waiting.staleTier };
  if (waiting.sawBusy) return { kind: 'again' };
  if (waiting.seen.size >= EXAMINED_MAX) noteNext(waiting, now + EXAMINED_RETRY_MS);
  return waiting.nextAt === null ? { kind: 'empty' } : { kind: 'exhausted', nextAt: waiting.nextAt };
}

/**
 * One round without any I/O: says what to read and which takes to make, and is told what came of it. The adapter runs
 * the steps: SQLite inside one transaction, MongoDB each step's parts in parallel. Ends with what each group got.
 */
export function* planRound(
  groups: readonly DrawGroup[],
  ranks: RankSource,
): Generator<RoundStep, RoundResult, RoundReply> {
  const all = groups.map(waitingOf);
  const grants: Grant[] = [];
  let now = 0;
  for (;;) {
    now = Math.max(now, yield* readPages(all, ranks));
    const taken = new Set<string>();
    const takes = all.flatMap((waiting) =>
      waiting.left > 0 && waiting.staleTier === null ? assign(waiting, ranks, taken) : [],
    );
    if (takes.length === 0) {
      if (all.some(needsPage)) continue;
      break;
    }
    const reply = yield { kind: 'take', takes };
    if (reply.kind !== 'take') throw new Error('a take step was answered by something else');
    for (const [i, take] of takes.entries()) {
      const waiting = all[take.group];
      const took = reply.replies[i] ?? null;
      if (took !== null) now = Math.max(now, took.at);
      if (waiting !== undefined) applyReply(waiting, take, took, grants);
    }
  }
  return { grants, shortages: all.map((waiting) => shortageOf(waiting, now)) };
}
