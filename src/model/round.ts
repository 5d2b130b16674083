import { rememberSearch, shortageOf } from './round-end.ts';
import {
  absorb,
  beginSearch,
  needsPage,
  pageReads,
  type Search,
  type SearchEntry,
  tried,
} from './round-search.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { Took } from './take.ts';
import { type Limit, mostAtOnce, type QueueName } from './tier.ts';
import type { TierPolicy } from './tier-policy.ts';
import { STRIDE, sharesOf, TURN_MIN, type VirtualTime } from './virtual-time.ts';

/** One tier's queue that a draw may use, with the limits that bind there. */
export interface DrawQueue {
  readonly tierId: string;
  readonly queue: QueueName;
  readonly limits: readonly Limit[];
  readonly policy: TierPolicy;
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
  readonly feature: string;
  readonly limits: readonly Limit[];
  readonly place: 'ready' | 'due';
  readonly from: number;
  readonly limit: number;
}

/** A key as it stood in a queue when it was read. */
export interface Candidate {
  readonly keyId: string;
  /** Its rank, or its due moment. */
  readonly position: number;
  /** Its rank when it was last served there (its fresh rank when never drawn). */
  readonly lastRank: number;
  /** Its place among keys that stand alike, from 0 to 1: processes that share a queue have each its own order of them. */
  readonly preference: number;
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

/** Why the rest of a group was not served. `again`: keys are in use, or the search is not over: try the next round. */
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

/** Keys that the groups of one round may pass over together; a search that needs more goes on in the next round. */
export const EXAMINED_MAX = 512;
/** Keys that tell how far a queue has come: ready ones, or parked ones where none is ready. */
const HEAD_LOOKED_AT = 8;
/** What every group may pass over, however many there are. */
const EXAMINED_MIN = 32;

/** Over how many keys a round of `all` draws spreads so many of them at first; 1 to that many. */
export type Spread = (draws: number, all: number) => number;

/** Draws that one key is asked for at once where many wait. */
const SHARE_MAX = 16;

/**
 * A take costs what several answers cost, so draws that wait together share takes: as many draws a key as keys for few of
 * them, then a full share for each key. One that waits alone has a key to itself.
 */
const shareTakes: Spread = (draws, all) => {
  const keys = Math.min(Math.ceil(Math.sqrt(all)), Math.max(2, Math.ceil(all / SHARE_MAX)));
  return Math.ceil((draws * keys) / all);
};

/** Draws of a group that the limits let one key serve at once, at most. */
function drawsMax({ queues, units }: DrawGroup): number {
  const most = queues.map(({ limits }) => mostAtOnce(limits));
  return Math.max(1, Math.floor(Math.max(...most) / units));
}

/**
 * Finds out how far queues have come that this process has not drawn from lately: as far as the keys at their head, but
 * for those that have just come back from where they were long ago.
 */
function* beginQueues(
  groups: readonly DrawGroup[],
  time: VirtualTime,
): Generator<RoundStep, void, RoundReply> {
  const begun = new Map<QueueName, QueueRead[]>();
  for (const { feature, queues } of groups)
    for (const { tierId, queue, limits } of queues) {
      if (time.knows(queue)) continue;
      const read = { tierId, queue, feature, limits } as const;
      begun.set(queue, [
        { ...read, place: 'ready', from: TURN_MIN, limit: HEAD_LOOKED_AT },
        { ...read, place: 'due', from: Number.MIN_SAFE_INTEGER, limit: HEAD_LOOKED_AT },
      ]);
    }
  if (begun.size === 0) return;
  const reply = yield { kind: 'read', reads: [...begun.values()].flat() };
  if (reply.kind !== 'read') throw new Error('a read step was answered by something else');
  for (const [i, queue] of [...begun.keys()].entries()) {
    const [ready = [], parked = []] = reply.pages.slice(2 * i);
    const turns = (ready.length > 0 ? ready : parked).map(({ lastRank }) => lastRank);
    time.begin(queue, Math.max(TURN_MIN, ...turns));
  }
}

/** Reads a page for every group that has nothing left to try. */
function* readPages(all: readonly Search[]): Generator<RoundStep, void, RoundReply> {
  const searches = all.filter(needsPage);
  const wanted = searches.flatMap((search) => pageReads(search).map((part) => ({ search, ...part })));
  if (wanted.length === 0) return;
  const reply = yield { kind: 'read', reads: wanted.map(({ read }) => read) };
  if (reply.kind !== 'read') throw new Error('a read step was answered by something else');
  for (const [i, { search, cursor, read }] of wanted.entries())
    absorb(search, cursor, read, reply.pages[i] ?? [], reply.now);
}

/** A take with the key's entry in the search of the group that it is for. */
interface Trial {
  readonly search: Search;
  readonly entry: SearchEntry;
  readonly take: RoundTake;
}

/** Spreads what waits over the least served candidates, as if the draws came one after another. */
function assign(search: Search, time: VirtualTime, taken: Set<string>): Trial[] {
  const queues = search.group.queues.map(({ queue }) => queue);
  const width = Math.min(search.left, search.width);
  // Keys stand alike that are within one turn of each other.
  const turn = Math.ceil(search.left / width) * STRIDE;
  const order = ({ candidate }: SearchEntry): number => candidate.lastRank + candidate.preference * turn;
  const tried = search.candidates
    .filter(({ candidate }) => !taken.has(candidate.keyId))
    .sort((a, b) => order(a) - order(b))
    .slice(0, width)
    .sort((a, b) => a.candidate.lastRank - b.candidate.lastRank);
  if (tried.length === 0) return [];
  // What those cannot give is asked of more, so that a round takes few steps whatever its keys have left.
  search.width *= 2;
  const turns = tried.map(({ candidate }) => time.turnOf(queues, candidate.lastRank));
  const shares = sharesOf(turns, search.left);
  const trials = tried.flatMap((entry, i) => {
    const { keyId } = entry.candidate;
    const [turn = 0, count = 0] = [turns[i], shares[i]];
    if (count === 0) return [];
    taken.add(keyId);
    const rank = turn + count * STRIDE;
    return [
      { search, entry, take: { group: search.index, keyId, source: entry.cursor.source, count, rank } },
    ];
  });
  time.chose(queues, turns[trials.length - 1] ?? TURN_MIN, Math.max(...shares));
  const gone = new Set(trials.map(({ entry }) => entry));
  search.candidates = search.candidates.filter((entry) => !gone.has(entry));
  return trials;
}

/**
 * One round without any I/O: says what to read and which takes to make, and is told what came of it. The adapter runs
 * the steps: SQLite inside one transaction, MongoDB each step's parts in parallel. Ends with what each group got.
 * `time` and `scans`: those of the store, of whose rounds any number may be under way.
 * `spread`: how many keys are tried at once for the draws of a group; twice as many each time that was not enough.
 */
export function* planRound(
  groups: readonly DrawGroup[],
  time: VirtualTime,
  scans: ScanMemory,
  spread: Spread = shareTakes,
): Generator<RoundStep, RoundResult, RoundReply> {
  yield* beginQueues(groups, time);
  const examinedMax = Math.max(EXAMINED_MIN, Math.floor(EXAMINED_MAX / Math.max(1, groups.length)));
  const waiting = groups.reduce((sum, { size }) => sum + size, 0);
  const all = groups.map((group, index) => {
    const width = Math.max(spread(group.size, waiting), Math.ceil(group.size / drawsMax(group)));
    return beginSearch(group, index, { examinedMax, width }, scans);
  });
  const grants: Grant[] = [];
  for (;;) {
    yield* readPages(all);
    const taken = new Set<string>();
    const trials = all.flatMap((search) =>
      search.left > 0 && search.staleTier === null ? assign(search, time, taken) : [],
    );
    if (trials.length === 0) {
      if (all.some(needsPage)) continue;
      break;
    }
    const reply = yield { kind: 'take', takes: trials.map(({ take }) => take) };
    if (reply.kind !== 'take') throw new Error('a take step was answered by something else');
    for (const [i, { search, entry, take }] of trials.entries()) {
      const took = reply.replies[i] ?? null;
      const draws = tried(search, entry, take.count, take.rank, took);
      const { group, keyId, source } = take;
      if (took !== null && draws > 0) grants.push({ group, keyId, source, took, draws });
    }
  }
  for (const search of all) rememberSearch(search, scans);
  return { grants, shortages: all.map(shortageOf) };
}
