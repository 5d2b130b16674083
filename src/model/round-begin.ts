import { goesByTurns } from './round-choice.ts';
import type { DrawGroup, QueueRead, RoundReply, RoundStep } from './round-protocol.ts';
import { beginSearch, PAGE_MIN, type Search } from './round-search.ts';
import type { ScanMemory } from './scan-memory.ts';
import { mostAtOnce, type QueueName } from './tier.ts';
import { TURN_MIN, type VirtualTime } from './virtual-time.ts';

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
export function* beginQueues(
  groups: readonly DrawGroup[],
  time: VirtualTime,
): Generator<RoundStep, void, RoundReply> {
  const begun = new Map<QueueName, QueueRead[]>();
  for (const { feature, queues } of groups)
    for (const source of queues) {
      const { tierId, queue, limits, policy } = source;
      if (!goesByTurns(source) || time.knows(queue)) continue;
      const read = { tierId, queue, feature, limits, strategy: policy.strategy, isExact: false } as const;
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

/** How a round goes about its draws; each has a default. */
export interface RoundManner {
  /** How many keys are tried at once for the draws of a group; twice as many each time that was not enough. */
  readonly spread?: Spread;
  /**
   * Steps of takes after which draws with an affinity are left to the next round, once units were taken: those go to one
   * key after another, and what was taken first must leave soon. As many as it takes unless given.
   */
  readonly affineStepsMax?: number;
}

/** Keys that are read at once for each of several affinities, at most. */
const AFFINE_PAGE_MAX = 32;

/**
 * How many ready keys are read at first for a group, at least: all that a page has, unless they come in the order in which
 * they are asked. Groups that share a queue read the same ones, so there is one for each of them, and one to spare.
 */
function readyPages(groups: readonly DrawGroup[]): (group: DrawGroup) => number {
  const sharers = new Map<QueueName, number>();
  for (const { queues } of groups)
    for (const { queue } of queues) sharers.set(queue, (sharers.get(queue) ?? 0) + 1);
  return ({ queues }) => {
    if (queues.some(({ policy }) => policy.strategy !== 'least_recently_used')) return PAGE_MIN;
    const most = queues.reduce((count, { queue }) => Math.max(count, sharers.get(queue) ?? 0), 0);
    return Math.min(PAGE_MIN, most + 1);
  };
}

/** The searches of a round, one for each group. `spread`: how many keys are tried at once, at first. */
export function beginSearches(
  groups: readonly DrawGroup[],
  scans: ScanMemory,
  { spread = shareTakes }: RoundManner,
): readonly Search[] {
  const examinedMax = Math.max(EXAMINED_MIN, Math.floor(EXAMINED_MAX / Math.max(1, groups.length)));
  // Draws of one affinity go to one key, then to another: so few are looked at, but not the same few for all of them.
  const affinities = groups.reduce((count, { affinity }) => (affinity === null ? count : count + 1), 0);
  const affine = { examinedMax: EXAMINED_MIN, width: 1, pageMin: Math.min(affinities, AFFINE_PAGE_MAX) };
  const waiting = groups.reduce((sum, { size }) => sum + size, 0);
  const readyPage = readyPages(groups);
  return groups.map((group, index) => {
    const width = Math.max(spread(group.size, waiting), Math.ceil(group.size / drawsMax(group)));
    const bounds = group.affinity === null ? { examinedMax, width, pageMin: 0 } : affine;
    return beginSearch(group, index, { ...bounds, readyPage: readyPage(group) }, scans);
  });
}
