import type { Shortage } from './round-protocol.ts';
import { earliest, isOpen, openClass, SCAN_LIFE_MS, type Search, type SearchCursor } from './round-search.ts';
import type { BrokenScan, ScanMemory } from './scan-memory.ts';

/** The lowest position of a key that was read there and not tried; null when all were. */
function firstUntried(search: Search, cursor: SearchCursor): number | null {
  return search.candidates.reduce<number | null>(
    (first, entry) =>
      entry.cursor === cursor && !entry.tried ? earliest(first, entry.candidate.position) : first,
    null,
  );
}

/** The scan as it stands in one queue: `found` when the group got all it wanted. */
function scanOf(search: Search, cursor: SearchCursor, found: boolean): BrokenScan {
  const { nextAt, unsure, done, scan } = cursor;
  const known = { nextAt, unsure, found: found || scan?.found === true };
  const until = search.now + SCAN_LIFE_MS;
  if (!known.found) {
    // What comes to stand behind the end meanwhile is for the next search, so that this one ends; but what will be due
    // first is still looked at.
    const end = cursor.place === 'due' ? search.now + 1 : Number.MAX_SAFE_INTEGER;
    const at = done ? { from: end, passed: 0 } : { from: cursor.from, passed: cursor.passed };
    const untried = search.isHeld ? firstUntried(search, cursor) : null;
    return { ...(untried === null ? at : { from: untried, passed: 0 }), until, ...known };
  }
  const first = firstUntried(search, cursor);
  const at = first === null ? { from: cursor.from, passed: cursor.passed } : { from: first, passed: 0 };
  // Keys at the head shall not wait longer than until one of those passed over can serve.
  const soonest = Math.min(scan?.found ? scan.until : until, nextAt ?? until);
  return { ...at, until: soonest, ...known };
}

/**
 * Remembers where the search of a group stands when it was too long for one round, also after it found what it wanted:
 * the next draw of as many units need not pass over the same keys.
 */
export function rememberSearch(search: Search, scans: ScanMemory): void {
  const { group, cursors } = search;
  if (group.units === 1 || search.staleTier !== null) return;
  const found = search.left === 0;
  const isBroken = search.examined >= search.examinedMax || search.isHeld;
  const isLong = isBroken || cursors.some((cursor) => cursor.scan !== null);
  // Tiers of a later priority that it did not come to have nothing to go on with.
  const isOver =
    !found && search.candidates.length === 0 && cursors.every((cursor) => cursor.done || !cursor.visited);
  for (const cursor of cursors) {
    if (!cursor.visited) continue;
    const scan = scanOf(search, cursor, found);
    const { queue } = cursor.source;
    if (isLong && !isOver && scan.until > search.now) scans.keep(queue, cursor.place, group.units, scan);
    else scans.forget(queue, cursor.place, group.units);
  }
}

/** What these queues of a search came to, where they have not served all of it. */
function lackOf(search: Search, cursors: readonly SearchCursor[]): Shortage {
  if (cursors.some(({ done, unsure, scan }) => !done || unsure || scan?.found === true))
    return { kind: 'again' };
  const nextAt = cursors.reduce<number | null>((at, cursor) => earliest(at, cursor.nextAt), null);
  if (nextAt === null) return { kind: 'empty' };
  // A search of several rounds took so long that a key it passed over can serve by now.
  return nextAt <= search.now ? { kind: 'again' } : { kind: 'exhausted', nextAt };
}

/** Goes on with the tiers of the next priority where none that come before can serve the rest; false where one may. */
export function spillOver(search: Search): boolean {
  if (search.at + 1 >= search.classes.length || !isOpen(search) || search.candidates.length > 0) return false;
  const { kind } = lackOf(search, openClass(search));
  if (kind !== 'exhausted' && kind !== 'empty') return false;
  search.at += 1;
  return true;
}

/** Why the rest of the group was not served. */
export function shortageOf(search: Search): Shortage {
  if (search.left === 0) return { kind: 'none' };
  if (search.staleTier !== null) return { kind: 'stale', tierId: search.staleTier };
  if (search.isHeld) return { kind: 'again' };
  return lackOf(search, search.cursors);
}
