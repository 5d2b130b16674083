import { evenPace, type Pace, PLAIN_PACE, STRIDE, sharesOf, TURN_MIN, weightedPace } from './pace.ts';
import { rankAfterSteps, remainingStep, SHARES } from './remaining-rank.ts';
import type { DrawQueue } from './round-protocol.ts';
import { openClass, type Search, type SearchEntry } from './round-search.ts';
import { mostAtOnce } from './tier.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A key that is to be asked for so many draws, and where it stands in its queue after them. */
export interface Choice {
  readonly entry: SearchEntry;
  readonly count: number;
  readonly rank: number;
}

/** So often one key after another is asked where keys are filled in their order, before several are at once. */
const ONE_BY_ONE = 8;

/** False where ranks say something else than when a key was last used. */
export function goesByTurns({ policy: { strategy } }: DrawQueue): boolean {
  return strategy === 'least_recently_used' || strategy === 'weighted';
}

function paceOf({ candidate, cursor: { source } }: SearchEntry): Pace {
  return source.policy.strategy === 'weighted' ? weightedPace(candidate.weight) : PLAIN_PACE;
}

/** Spreads draws over the least served keys, as if they came one after another. */
function byTurns(
  search: Search,
  entries: readonly SearchEntry[],
  draws: number,
  time: VirtualTime,
): Choice[] {
  const queues = [...new Set(openClass(search).map(({ source }) => source.queue))];
  const width = Math.min(draws, search.width);
  // Keys stand alike that are within one turn of each other.
  const turn = Math.ceil(draws / width) * STRIDE;
  const order = ({ candidate }: SearchEntry): number => candidate.lastRank + candidate.preference * turn;
  const asked = entries
    .toSorted((a, b) => order(a) - order(b))
    .slice(0, width)
    .sort((a, b) => a.candidate.lastRank - b.candidate.lastRank);
  const turns = asked.map(({ candidate }) => time.turnOf(queues, candidate.lastRank));
  const paces = asked.map(paceOf);
  const shares = sharesOf(turns, draws, paces);
  const choices = asked.flatMap((entry, i) => {
    const [from = 0, count = 0] = [turns[i], shares[i]];
    return count === 0 ? [] : [{ entry, count, rank: (paces[i] ?? PLAIN_PACE).after(from, count) }];
  });
  const strides = shares.map((share, i) => (share * (paces[i]?.step ?? STRIDE)) / STRIDE);
  time.chose(queues, turns[choices.length - 1] ?? TURN_MIN, Math.max(...strides));
  return choices;
}

/** Gives each key, the oldest first, as many draws as it may be able to serve. */
function inOrder(search: Search, entries: readonly SearchEntry[], draws: number): Choice[] {
  const doublings = Math.max(0, search.chosen - ONE_BY_ONE);
  const shareMax = Math.max(1, Math.ceil(draws / 2 ** doublings));
  const choices: Choice[] = [];
  let left = draws;
  for (const entry of entries.toSorted((a, b) => a.candidate.lastRank - b.candidate.lastRank)) {
    if (left === 0) break;
    const able = Math.max(1, Math.floor(mostAtOnce(entry.cursor.source.limits) / search.group.units));
    const count = Math.min(left, able, shareMax);
    choices.push({ entry, count, rank: entry.candidate.lastRank });
    left -= count;
  }
  return choices;
}

/** Gives draws to the keys of which most remains, until as much remains of others. */
function byRemaining(search: Search, entries: readonly SearchEntry[], draws: number): Choice[] {
  const asked = entries
    .toSorted((a, b) => a.candidate.lastRank - b.candidate.lastRank)
    .slice(0, Math.min(draws, search.width));
  // What a draw takes of budgets is not known here: as if it were next to nothing.
  const paces = asked.map(({ cursor }) => {
    const most = mostAtOnce(cursor.source.limits);
    return evenPace(Math.max(1, Math.round((SHARES * search.group.units) / most)));
  });
  // Whole steps of what remains; those that are alike stand in the order of their ranks.
  const steps = asked.map(({ candidate }) => remainingStep(candidate.lastRank));
  const shares = sharesOf(steps, draws, paces);
  return asked.flatMap((entry, i) => {
    const count = shares[i] ?? 0;
    const rank = rankAfterSteps(entry.candidate.lastRank, count * (paces[i]?.step ?? 1));
    return count === 0 ? [] : [{ entry, count, rank }];
  });
}

function inLane(search: Search, entries: readonly SearchEntry[], draws: number, time: VirtualTime): Choice[] {
  const source = entries[0]?.cursor.source;
  if (source === undefined || draws === 0) return [];
  if (goesByTurns(source)) return byTurns(search, entries, draws, time);
  return source.policy.strategy === 'fill_first'
    ? inOrder(search, entries, draws)
    : byRemaining(search, entries, draws);
}

/** The key that an affinity names is asked for everything. */
function atHome(entry: SearchEntry, draws: number, time: VirtualTime): Choice {
  const { candidate, cursor } = entry;
  const { source } = cursor;
  const rank = goesByTurns(source)
    ? paceOf(entry).after(time.turnOf([source.queue], candidate.lastRank), draws)
    : candidate.lastRank;
  return { entry, count: draws, rank };
}

/**
 * Chooses keys for what is left of a search, among those it may try (`able`), which are all of one priority. Keys of tiers
 * that go by turns have one order, by last use; where one of the tiers has another, the tiers take turns, each with the
 * order of its own.
 */
export function choose(search: Search, able: readonly SearchEntry[], time: VirtualTime): Choice[] {
  const home = able.find(({ isHome }) => isHome);
  if (home !== undefined) return [atHome(home, search.left, time)];
  if (able.length === 0) return [];
  search.chosen += 1;
  const among = [...new Set(openClass(search).map(({ source }) => source))];
  if (among.length === 1 || among.every(goesByTurns)) return inLane(search, able, search.left, time);
  const lanes = among
    .map((source) => ({ source, entries: able.filter(({ cursor }) => cursor.source === source) }))
    .filter(({ entries }) => entries.length > 0);
  // Draws of one affinity stay together: all of them go where the first one does.
  const isAffine = search.group.affinity !== null;
  const shares = time.lanes.share(
    among.map(({ queue }) => queue),
    lanes.map(({ source }) => source.queue),
    isAffine ? 1 : search.left,
  );
  return lanes.flatMap(({ entries }, i) => {
    const share = shares[i] ?? 0;
    return inLane(search, entries, isAffine && share > 0 ? search.left : share, time);
  });
}
