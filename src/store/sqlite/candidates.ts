import { remainingRank } from '../../model/remaining-rank.ts';
import type { Candidate, FoundKey, KeyFind, QueueRead } from '../../model/round.ts';
import type { Round } from './round-context.ts';

/** What the order of its queue needs to know of a key, besides its place. */
function inOrderOf(round: Round, read: QueueRead | KeyFind, candidate: Candidate): Candidate {
  if (read.strategy === 'least_recently_used') return candidate;
  const state = round.keys.state(Number(candidate.keyId));
  if (state === null) return candidate;
  switch (read.strategy) {
    case 'weighted':
      return { ...candidate, weight: state.traits.weight };
    case 'fill_first':
      return { ...candidate, lastRank: state.freshRank };
    case 'most_remaining':
      return { ...candidate, lastRank: remainingRank(state, read.feature, read.limits, round.now) };
  }
}

/** A page of a queue; what the round has changed is written by then. */
export function readPage(round: Round, read: QueueRead): readonly Candidate[] {
  const page = round.places.page(read, round.now);
  return read.strategy === 'least_recently_used'
    ? page
    : page.map((candidate) => inOrderOf(round, read, candidate));
}

/** A key where it stands in a queue; null when there is no such key, or it is out. */
export function findKey(round: Round, key: KeyFind): FoundKey | null {
  const state = round.keys.state(Number(key.keyId));
  if (state === null) return null;
  const place = key.queue in state.ready ? 'ready' : 'due';
  const position = state[place][key.queue];
  if (position === undefined) return null;
  const lastRank = state.lastRank[key.queue] ?? state.freshRank;
  const candidate = { keyId: key.keyId, position, lastRank, weight: 1, preference: 0, busy: false };
  return { place, candidate: inOrderOf(round, key, candidate) };
}
