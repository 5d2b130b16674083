import {
  type Affinities,
  claimHomes,
  holdLong,
  offerHomes,
  type Proposal,
  recallHomes,
} from './round-affinity.ts';
import { beginQueues, beginSearches, type RoundManner } from './round-begin.ts';
import { choose } from './round-choice.ts';
import { rememberSearch, shortageOf, spillOver } from './round-end.ts';
import type {
  DrawGroup,
  Grant,
  QueueRead,
  RoundReply,
  RoundResult,
  RoundStep,
  RoundTake,
} from './round-protocol.ts';
import {
  absorb,
  isOpen,
  needsPage,
  pageReads,
  type Search,
  type SearchCursor,
  type SearchEntry,
  tried,
} from './round-search.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { QueueName } from './tier.ts';
import type { VirtualTime } from './virtual-time.ts';

export { EXAMINED_MAX, type RoundManner, type Spread } from './round-begin.ts';
export type * from './round-protocol.ts';

/** Reads a page for every group that has nothing left to try. */
function* readPages(all: readonly Search[]): Generator<RoundStep, void, RoundReply> {
  const searches = all.filter(needsPage);
  const wanted = searches.flatMap((search) => pageReads(search).map((part) => ({ search, ...part })));
  if (wanted.length === 0) return;
  const shared = searches.length > 1 ? sharedReads(wanted) : null;
  const reply = yield { kind: 'read', reads: shared?.reads ?? wanted.map(({ read }) => read) };
  if (reply.kind !== 'read') throw new Error('a read step was answered by something else');
  for (const [i, { search, cursor, read }] of wanted.entries())
    absorb(search, cursor, read, reply.pages[shared?.indexes[i] ?? i] ?? [], reply.now);
}

/** The reads without those that are alike, and which of them is whose. */
function sharedReads(wanted: readonly { readonly cursor: SearchCursor; readonly read: QueueRead }[]) {
  const ofQueue = new Map<
    QueueName,
    { readonly read: QueueRead; readonly revision: number; readonly index: number }[]
  >();
  const reads: QueueRead[] = [];
  const indexes = wanted.map(({ cursor: { source }, read }) => {
    const { revision } = source;
    const others = ofQueue.get(read.queue);
    const same = others?.find((other) => other.revision === revision && isAlike(other.read, read));
    if (same !== undefined) return same.index;
    const index = reads.push(read) - 1;
    if (others === undefined) ofQueue.set(read.queue, [{ read, revision, index }]);
    else others.push({ read, revision, index });
    return index;
  });
  return { reads, indexes };
}

/** Whether two reads of a queue by the same limits ask for the same page. */
function isAlike(a: QueueRead, b: QueueRead): boolean {
  return a.place === b.place && a.from === b.from && a.limit === b.limit && a.isExact === b.isExact;
}

/** True when it has something left to try, or to look at. */
function mayGoOn(search: Search): boolean {
  return isOpen(search) && (search.candidates.length > 0 || needsPage(search) || spillOver(search));
}

/** A take with the key's entry in the search of the group that it is for. */
interface Trial {
  readonly search: Search;
  readonly entry: SearchEntry;
  readonly take: RoundTake;
}

/** Chooses the keys that are asked next, none of them twice. */
function* chooseTrials(
  all: readonly Search[],
  affinities: Affinities,
  time: VirtualTime,
): Generator<RoundStep, readonly Trial[], RoundReply> {
  const taken = new Set<string>();
  const proposals = all.filter(isOpen).flatMap((search): Proposal[] => {
    const isFree = ({ candidate }: SearchEntry): boolean => !taken.has(candidate.keyId);
    // Another search asks the key of its affinity: it comes to it in the next step.
    if (search.candidates.some((entry) => entry.isHome && !isFree(entry))) return [];
    const choices = choose(search, search.candidates.filter(isFree), time);
    for (const { entry } of choices) taken.add(entry.candidate.keyId);
    return choices.map((choice) => ({ search, choice }));
  });
  const allowed = yield* claimHomes(affinities, proposals);
  // What those cannot give is asked of more, so that a round takes few steps whatever its keys have left.
  for (const search of new Set(allowed.map((proposal) => proposal.search)))
    if (search.group.affinity === null) search.width *= 2;
  const gone = new Set(allowed.map(({ choice }) => choice.entry));
  for (const search of all) search.candidates = search.candidates.filter((entry) => !gone.has(entry));
  return allowed.map(({ search, choice: { entry, count, rank } }) => {
    const { keyId } = entry.candidate;
    return {
      search,
      entry,
      take: { group: search.index, keyId, source: entry.cursor.source, count, rank },
    };
  });
}

/**
 * One round without any I/O: says what to read and which takes to make, and is told what came of it. The adapter runs
 * the steps: SQLite inside one transaction, MongoDB each step's parts in parallel. Ends with what each group got.
 * `time` and `scans`: those of the store, of whose rounds any number may be under way.
 */
export function* planRound(
  groups: readonly DrawGroup[],
  time: VirtualTime,
  scans: ScanMemory,
  manner: RoundManner = {},
): Generator<RoundStep, RoundResult, RoundReply> {
  yield* beginQueues(groups, time);
  const all = beginSearches(groups, scans, manner);
  const affinities = yield* recallHomes(all);
  const grants: Grant[] = [];
  for (;;) {
    for (const search of all) spillOver(search);
    yield* offerHomes(affinities);
    yield* readPages(all);
    const trials = yield* chooseTrials(all, affinities, time);
    if (trials.length === 0) {
      if (all.some(mayGoOn)) continue;
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
    holdLong(affinities, grants.length > 0, manner.affineStepsMax ?? Infinity);
  }
  for (const search of all) rememberSearch(search, scans);
  return { grants, shortages: all.map(shortageOf) };
}
