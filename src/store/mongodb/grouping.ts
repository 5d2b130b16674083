import type { DrawGroup, Shortage } from '../../model/round.ts';
import type { DrawRequest, DrawResult } from '../port.ts';
import { drawIdOf } from './draw-ids.ts';
import type { Serving } from './record-servings.ts';
import type { PlanOutcome } from './round-steps.ts';

/** Draws that the same keys can serve. */
export interface Group extends DrawGroup {
  /** Indexes in the round of those that wait, in the order they came. */
  readonly waiting: number[];
}

export function groupsOf(draws: readonly DrawRequest[], indexes: readonly number[]): Group[] {
  const groups = new Map<string, Group>();
  for (const index of indexes) {
    const draw = draws[index];
    if (draw === undefined) continue;
    const { feature, units, queues, affinity } = draw;
    const name = [
      feature,
      units,
      affinity ?? '',
      ...queues.map(({ queue, revision }) => `${queue}@${revision}`),
    ].join(' ');
    const group = groups.get(name);
    if (group !== undefined) group.waiting.push(index);
    else groups.set(name, { feature, units, queues, affinity, size: 0, waiting: [index] });
  }
  return [...groups.values()].map((group) => ({ ...group, size: group.waiting.length }));
}

/** Gives each granted draw to one that waits, in the order of takes and of arrival; these wait no more. */
export function servingsOf(
  draws: readonly DrawRequest[],
  groups: readonly Group[],
  taken: PlanOutcome['taken'],
): Serving[] {
  const servings: Serving[] = [];
  for (const one of taken.values()) {
    const group = groups[one.drawGroup];
    if (group === undefined) continue;
    const { take, granted } = one.row.took;
    for (let serial = 0; serial < granted; serial += group.units) {
      const index = group.waiting.shift();
      const draw = index === undefined ? undefined : draws[index];
      if (index === undefined || draw === undefined) continue;
      servings.push({ index, draw, take, serial, drawId: drawIdOf({ take, serial }), taken: one });
    }
  }
  return servings;
}

/** Why those that still wait were not served. */
export function shortageResults(
  groups: readonly Group[],
  { result, newerRevisions, guessed }: PlanOutcome,
): Map<number, DrawResult> {
  const results = new Map<number, DrawResult>();
  for (const [i, group] of groups.entries()) {
    const outdated = group.queues.find(
      ({ tierId, revision }) => revision < (newerRevisions.get(tierId) ?? revision),
    );
    const found = shortageResult(result?.shortages[i], outdated?.tierId);
    const isGuess = group.queues.some(({ queue }) => guessed.has(queue));
    const isLack = found.kind === 'exhausted' || found.kind === 'empty';
    for (const index of group.waiting) results.set(index, isGuess && isLack ? { kind: 'again' } : found);
  }
  return results;
}

/** Without a shortage the plan ended before it could tell. */
function shortageResult(shortage: Shortage | undefined, outdatedTier: string | undefined): DrawResult {
  if (shortage === undefined) return { kind: 'unavailable' };
  if (shortage.kind === 'none') return { kind: 'again' };
  // Waiting keys were looked at with limits that hold no more.
  if (outdatedTier !== undefined && shortage.kind !== 'again') return { kind: 'stale', tierId: outdatedTier };
  return shortage;
}
