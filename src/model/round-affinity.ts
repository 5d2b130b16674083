import type { Choice } from './round-choice.ts';
import type { AffinityHome, FoundKey, KeyFind, RoundReply, RoundStep } from './round-protocol.ts';
import { isOpen, type Search, type SearchCursor } from './round-search.ts';

/** How often a search claims an affinity that others move meanwhile; then the rest is left to the next round. */
const CLAIMS_MAX = 4;

/** A search whose draws go to the key that their affinity names. */
interface HomeSearch {
  readonly search: Search;
  readonly affinity: string;
  /** The key that it looked at as the affinity's. */
  offered: string | null;
  claims: number;
}

/** The affinities of a round. */
export interface Affinities {
  readonly searches: readonly HomeSearch[];
  /** The key that each goes to, as known now. */
  readonly homes: Map<string, AffinityHome>;
  /** Steps of takes since the round has taken units. */
  steps: number;
}

/** What a search wants to ask. */
export interface Proposal {
  readonly search: Search;
  readonly choice: Choice;
}

/** Finds out where the affinities of a round go; one step, and none where no draw has one. */
export function* recallHomes(all: readonly Search[]): Generator<RoundStep, Affinities, RoundReply> {
  const searches = all.flatMap((search) => {
    const { affinity } = search.group;
    return affinity === null ? [] : [{ search, affinity, offered: null, claims: 0 }];
  });
  const homes = new Map<string, AffinityHome>();
  const affinities = [...new Set(searches.map(({ affinity }) => affinity))];
  if (affinities.length === 0) return { searches, homes, steps: 0 };
  const reply = yield { kind: 'recall', affinities };
  if (reply.kind !== 'recall') throw new Error('a recall was answered by something else');
  for (const [i, affinity] of affinities.entries()) {
    const home = reply.homes[i] ?? null;
    if (home !== null) homes.set(affinity, home);
  }
  return { searches, homes, steps: 0 };
}

/** The key that a proposal is for, as the home of its affinity. */
function homeOf({ choice: { entry } }: Proposal): AffinityHome {
  return { tierId: entry.cursor.source.tierId, keyId: entry.candidate.keyId };
}

function isSame(home: AffinityHome | null | undefined, { tierId, keyId }: AffinityHome): boolean {
  return home?.keyId === keyId && home.tierId === tierId;
}

function cursorOf({ cursors }: Search, { tierId }: AffinityHome, place?: string): SearchCursor | undefined {
  return cursors.find(
    (cursor) => cursor.source.tierId === tierId && (place ?? cursor.place) === cursor.place,
  );
}

/** Looks at keys that affinities name and that were not looked at yet: those come before all others. */
export function* offerHomes({ searches, homes }: Affinities): Generator<RoundStep, void, RoundReply> {
  const asked: { readonly one: HomeSearch; readonly home: AffinityHome; readonly find: KeyFind }[] = [];
  for (const one of searches) {
    const home = homes.get(one.affinity);
    if (home === undefined || home.keyId === one.offered || !isOpen(one.search)) continue;
    one.offered = home.keyId;
    const source = cursorOf(one.search, home)?.source;
    if (source === undefined) continue;
    const { tierId, queue, limits, policy } = source;
    const { feature } = one.search.group;
    asked.push({
      one,
      home,
      find: { tierId, queue, feature, limits, strategy: policy.strategy, keyId: home.keyId },
    });
  }
  if (asked.length === 0) return;
  const reply = yield { kind: 'find', keys: asked.map(({ find }) => find) };
  if (reply.kind !== 'find') throw new Error('a search for keys was answered by something else');
  for (const [i, { one, home }] of asked.entries())
    offer(one.search, home, reply.found[i] ?? null, reply.now);
}

function offer(search: Search, home: AffinityHome, found: FoundKey | null, now: number): void {
  if (found === null || (found.place === 'due' && found.candidate.position > now)) return;
  const cursor = cursorOf(search, home, found.place);
  if (cursor === undefined) return;
  if (found.candidate.busy) {
    // It can serve, only not in this round.
    search.isHeld = true;
    cursor.unsure = true;
    return;
  }
  const others = search.candidates.filter(({ candidate }) => candidate.keyId !== home.keyId);
  // One that was asked in vain in this round is not asked again.
  if (search.seen.has(home.keyId) && others.length === search.candidates.length) return;
  search.seen.add(home.keyId);
  search.candidates = [{ candidate: found.candidate, cursor, tried: false, isHome: true }, ...others];
}

/**
 * Moves affinities to the keys that are to serve their draws, before those are asked. Gives what may be asked: not that
 * whose affinity others have moved to another key, which is looked at next.
 */
export function* claimHomes(
  { searches, homes }: Affinities,
  proposals: readonly Proposal[],
): Generator<RoundStep, readonly Proposal[], RoundReply> {
  if (searches.length === 0) return proposals;
  const allowed: Proposal[] = [];
  const claiming = new Map<string, { readonly one: HomeSearch; readonly proposal: Proposal }>();
  for (const proposal of proposals) {
    const one = searches.find(({ search }) => search === proposal.search);
    if (one === undefined || isSame(homes.get(one.affinity), homeOf(proposal))) allowed.push(proposal);
    // Another search of this affinity waits to see what came of the first one's.
    else if (!claiming.has(one.affinity)) claiming.set(one.affinity, { one, proposal });
  }
  if (claiming.size === 0) return allowed;
  const asked = [...claiming.values()];
  const claims = asked.map(({ one: { affinity }, proposal }) => ({
    affinity,
    from: homes.get(affinity)?.keyId ?? null,
    to: homeOf(proposal),
  }));
  const reply = yield { kind: 'claim', claims };
  if (reply.kind !== 'claim') throw new Error('a claim was answered by something else');
  for (const [i, { one, proposal }] of asked.entries()) {
    const wanted = homeOf(proposal);
    const home = reply.homes[i] ?? null;
    if (home === null) homes.delete(one.affinity);
    else homes.set(one.affinity, home);
    if (isSame(home, wanted)) {
      one.offered = wanted.keyId;
      allowed.push(proposal);
    } else hold(one, proposal);
  }
  return allowed;
}

/** Others move the affinity again and again: the next round finds out where it is. */
function hold(one: HomeSearch, { choice }: Proposal): void {
  one.claims += 1;
  if (one.claims < CLAIMS_MAX) return;
  one.search.isHeld = true;
  choice.entry.cursor.unsure = true;
}

/** Leaves the draws that wait for one key after another to the next round, where this one has long had units taken. */
export function holdLong(affinities: Affinities, hasGranted: boolean, stepsMax: number): void {
  if (hasGranted) affinities.steps += 1;
  if (affinities.steps < stepsMax) return;
  for (const { search } of affinities.searches) if (search.left > 0) search.isHeld = true;
}
