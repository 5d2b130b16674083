import type { Candidate, DrawGroup, DrawQueue, QueueRead } from './round-protocol.ts';
import type { BrokenScan, ScanMemory } from './scan-memory.ts';
import type { Took } from './take.ts';

/** Keys of a queue that are read at first, unless fewer may do; then twice as many each time, up to the most. */
export const PAGE_MIN = 8;
const PAGE_MAX = 256;
/** Keys at one position that a search looks at; the rest of them is passed over. */
const TIES_MAX = 4096;
/** How long a search that no round goes on with, or that serves draws away from its head, is remembered, in ms. */
export const SCAN_LIFE_MS = 1000;

/** Where a search stands in one queue. */
export interface SearchCursor {
  readonly source: DrawQueue;
  readonly place: 'ready' | 'due';
  /** The scan of an earlier round that it goes on with; null when it began at the head. */
  scan: BrokenScan | null;
  /** True until the first page tells whether the scan still holds. */
  unchecked: boolean;
  /** The position to read on from, inclusive. */
  from: number;
  /** Keys at `from` that were tried in vain and stand there still. */
  passed: number;
  page: number;
  /** The next page's length where the last one held nothing new; else 0. */
  ties: number;
  done: boolean;
  /** True once a page of it has been read in this round. */
  visited: boolean;
  /** The earliest moment at which a key passed over here can serve. */
  nextAt: number | null;
  unsure: boolean;
}

/** A key that may be tried. */
export interface SearchEntry {
  readonly candidate: Candidate;
  readonly cursor: SearchCursor;
  /** True when it has already given all it was asked for in this round. */
  readonly tried: boolean;
  /** True for the key that the group's affinity names: it comes before all others. */
  readonly isHome: boolean;
}

/** One group's way through its queues in one round. */
export interface Search {
  readonly group: DrawGroup;
  readonly index: number;
  readonly cursors: readonly SearchCursor[];
  /** The same by the priority of their tiers, the lowest number first. */
  readonly classes: readonly (readonly SearchCursor[])[];
  /** The class that serves; the next one does when none in it can. */
  at: number;
  /** Keys it may pass over before the rest is left to the next round. */
  readonly examinedMax: number;
  examined: number;
  /** Keys that are read at once, at least. */
  readonly pageMin: number;
  /** Keys tried at once. */
  width: number;
  /** How often keys were chosen for it. */
  chosen: number;
  readonly seen: Set<string>;
  candidates: SearchEntry[];
  left: number;
  /** True when the rest is left to the next round, such as when the key that its affinity names is in use. */
  isHeld: boolean;
  staleTier: string | null;
  /** The store's moment of the last page. */
  now: number;
}

function startOf(scan: BrokenScan | null) {
  return {
    scan,
    unchecked: scan !== null,
    from: scan?.from ?? Number.MIN_SAFE_INTEGER,
    passed: scan?.passed ?? 0,
    nextAt: scan?.nextAt ?? null,
    unsure: scan?.unsure ?? false,
  };
}

/** What bounds a search; `readyPage`: so many ready keys of a queue are read at first, at least. */
type Bounds = Pick<Search, 'examinedMax' | 'width' | 'pageMin'> & { readonly readyPage: number };

/** Where a search goes on: a draw of one unit moves every key that it passes over, so it always begins at the head. */
export function beginSearch(
  group: DrawGroup,
  index: number,
  { readyPage, ...bounds }: Bounds,
  scans: ScanMemory,
): Search {
  const places = ['ready', 'due'] as const;
  const pageOf = { ready: readyPage, due: PAGE_MIN };
  const cursors = group.queues.flatMap((source) =>
    places.map((place) => {
      const scan = group.units === 1 ? undefined : scans.find(source.queue, place, group.units);
      const start = { ...startOf(scan ?? null), ties: 0, done: false, visited: false };
      const page = Math.min(PAGE_MAX, Math.max(pageOf[place], bounds.width, bounds.pageMin));
      const cursor: SearchCursor = { source, place, page, ...start };
      return cursor;
    }),
  );
  const empty = { examined: 0, seen: new Set<string>(), candidates: [], staleTier: null, now: 0 };
  const begun = { classes: classesOf(cursors), at: 0, chosen: 0, left: group.size, isHeld: false };
  return { group, index, cursors, ...bounds, ...begun, ...empty };
}

function classesOf(cursors: readonly SearchCursor[]): readonly (readonly SearchCursor[])[] {
  const [first] = cursors;
  if (first === undefined) return [];
  const priorityOf = ({ source }: SearchCursor): number => source.policy.priority;
  // As most: tiers of one priority.
  if (cursors.every((cursor) => priorityOf(cursor) === priorityOf(first))) return [cursors];
  const priorities = [...new Set(cursors.map(priorityOf))].sort((a, b) => a - b);
  return priorities.map((priority) => cursors.filter((cursor) => priorityOf(cursor) === priority));
}

/** The queues that it draws from now. */
export function openClass({ classes, at }: Search): readonly SearchCursor[] {
  return classes[at] ?? [];
}

/** The earlier of two moments or positions, either of which may be none. */
export function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** True while it may serve more in this round. */
export function isOpen({ left, staleTier, isHeld }: Search): boolean {
  return left > 0 && staleTier === null && !isHeld;
}

/** True when it has nothing left to try and more to look at. */
export function needsPage(search: Search): boolean {
  return (
    isOpen(search) &&
    search.candidates.length === 0 &&
    search.examined < search.examinedMax &&
    openClass(search).some((cursor) => !cursor.done)
  );
}

/** The next page of each of its queues that is not at its end. */
export function pageReads(search: Search): { readonly cursor: SearchCursor; readonly read: QueueRead }[] {
  const open = openClass(search).filter((cursor) => !cursor.done);
  const maySpill = search.at + 1 < search.classes.length;
  const share = Math.ceil((search.examinedMax - search.examined) / open.length);
  return open.map((cursor) => {
    if (cursor.passed >= TIES_MAX || cursor.ties >= TIES_MAX) leap(cursor);
    // Not less than the draws that wait: only then is the least recently used key of several queues among those read.
    const page = cursor.ties || Math.min(cursor.page, Math.max(search.left, share, search.pageMin));
    const { place, from } = cursor;
    const { tierId, queue, limits, policy } = cursor.source;
    const { strategy } = policy;
    const { feature } = search.group;
    const isExact = maySpill || strategy !== 'least_recently_used';
    const limit = page + cursor.passed;
    return { cursor, read: { tierId, queue, feature, limits, strategy, isExact, place, from, limit } };
  });
}

/** Goes past all keys of a position. */
function leap(cursor: SearchCursor): void {
  cursor.from += 1;
  cursor.passed = 0;
  cursor.ties = 0;
}

/** False where so much time has passed since a scan was broken off that the keys before it may be able by now. */
function isFresh(scan: BrokenScan, now: number): boolean {
  return now < scan.until && scan.until <= now + SCAN_LIFE_MS;
}

/** Takes over one page: what may be tried now becomes a candidate, the first moment in the future is noted. */
export function absorb(
  search: Search,
  cursor: SearchCursor,
  read: QueueRead,
  page: readonly Candidate[],
  now: number,
): void {
  search.now = now;
  cursor.visited = true;
  if (cursor.unchecked && cursor.scan !== null && !isFresh(cursor.scan, now)) {
    Object.assign(cursor, startOf(null));
    return;
  }
  cursor.unchecked = false;
  let skipped = 0;
  let fresh = 0;
  for (const candidate of page) {
    if (cursor.place === 'due' && candidate.position > now) {
      cursor.nextAt = earliest(cursor.nextAt, candidate.position);
      cursor.done = true;
      return;
    }
    if (cursor.scan?.from === candidate.position && skipped < cursor.scan.passed) {
      skipped += 1;
      continue;
    }
    if (cursor.from !== candidate.position) cursor.passed = 0;
    cursor.from = candidate.position;
    if (search.seen.has(candidate.keyId)) continue;
    search.seen.add(candidate.keyId);
    fresh += 1;
    if (candidate.busy) {
      cursor.unsure = true;
      search.examined += 1;
    } else search.candidates.push({ candidate, cursor, tried: false, isHome: false });
  }
  if (page.length < read.limit) cursor.done = true;
  // A full page of keys already seen stands at one position: only a longer one leads past them.
  cursor.ties = fresh > 0 ? 0 : read.limit * 2;
  cursor.page = Math.min(PAGE_MAX, cursor.page * 2);
}

/** Notes what came of trying a key for `count` draws; gives the draws it serves. */
export function tried(
  search: Search,
  entry: SearchEntry,
  count: number,
  rank: number,
  took: Took | null,
): number {
  const { cursor, candidate } = entry;
  if (took === null) {
    cursor.unsure = true;
    // What became of the key that an affinity names shows in the next round.
    if (entry.isHome) search.isHeld = true;
    search.examined += 1;
    return 0;
  }
  if (took.reason === 'stale') search.staleTier = cursor.source.tierId;
  const draws = took.granted / search.group.units;
  search.left -= draws;
  if (draws === count) {
    // It gave all it was asked for, so it may have more for what others could not give.
    const again = { ...candidate, position: rank, lastRank: rank, preference: 0, busy: false };
    search.candidates.push({ candidate: again, cursor, tried: true, isHome: false });
    return draws;
  }
  cursor.nextAt = earliest(cursor.nextAt, took.nextAt);
  if (draws === 0 && !entry.tried) search.examined += 1;
  if (took.reason === 'short' && !entry.tried && candidate.position === cursor.from) cursor.passed += 1;
  return draws;
}
