import { MongoError } from 'mongodb';
import { mostAtOnce } from '../../model/tier.ts';
import type { DrawResult } from '../port.ts';
import { servesAtDue } from './candidates.ts';
import type { Collections } from './collections.ts';
import type { GroupDocument } from './group-document.ts';
import type { Group } from './grouping.ts';
import type { KeyDocument } from './key-document.ts';

/** Keys that a draw of several units passed over stand where they stood; with more of them it is taken for sure. */
const LOOKED_AT = 8;
/** So often past keys of groups that have too little; with more of such groups it is taken for sure. */
const LOOKS_MAX = 8;

/**
 * A round reads the ready and the parked keys of a queue one after the other, and a key that others move from one to the
 * other meanwhile may be in neither. So where a round found nothing that can ever serve, both are looked at as they stood
 * at one moment: `empty` becomes `again` where a key was there. Shortages by index in the round.
 */
export async function confirmEmpty(
  rows: Pick<Collections, 'keys' | 'groups'>,
  groups: readonly Group[],
  shortages: ReadonlyMap<number, DrawResult>,
): Promise<ReadonlyMap<number, DrawResult>> {
  const confirmed = new Map(shortages);
  await Promise.all(
    groups.map(async (group) => {
      const empty = group.waiting.filter((index) => shortages.get(index)?.kind === 'empty');
      if (empty.length === 0) return;
      const kind = await lookAgain(rows, group);
      for (const index of empty) confirmed.set(index, { kind });
    }),
  );
  return confirmed;
}

async function lookAgain(
  { keys, groups }: Pick<Collections, 'keys' | 'groups'>,
  { queues, units }: Group,
): Promise<'empty' | 'again' | 'unavailable'> {
  const wide = queues.filter(({ limits }) => mostAtOnce(limits) >= units);
  if (wide.length === 0) return 'empty';
  try {
    // Keys of groups that never have as many are passed over, and those behind them looked at.
    const spent = new Set<string>();
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const standing = await keys
        .find(
          {
            $or: wide.flatMap(placesOf),
            ...(spent.size > 0 ? { 'traits.groupId': { $nin: [...spent] } } : {}),
          },
          { readConcern: { level: 'snapshot' } },
        )
        .project<Pick<KeyDocument, 'budgets' | 'traits'>>({ budgets: 1, 'traits.groupId': 1 })
        .limit(LOOKED_AT)
        .toArray();
      const able = standing.filter(({ budgets }) => mayServe(budgets, units));
      const ids = [...new Set(able.flatMap(({ traits }) => traits?.groupId ?? []))];
      const shared = ids.length === 0 ? [] : await groups.find({ _id: { $in: ids } }).toArray();
      for (const group of shared) if (!groupMayServe(group, units)) spent.add(group._id);
      if (able.some(({ traits }) => !spent.has(traits?.groupId ?? ''))) return 'again';
      if (able.length === 0 || standing.length < LOOKED_AT) return 'empty';
    }
    return 'empty';
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    return 'unavailable';
  }
}

function placesOf({ tierId, queue }: Group['queues'][number]): object[] {
  const somewhere = { $gte: Number.MIN_SAFE_INTEGER };
  return [
    { tierId, [`ready.${queue}`]: somewhere },
    { tierId, [`due.${queue}`]: somewhere, ...servesAtDue(queue) },
  ];
}

/** False for a key that has less left for life, or less in any window, than is asked for: it was passed over rightly. */
function mayServe(budgets: KeyDocument['budgets'], units: number): boolean {
  return budgets.every(
    ({ limit, windowMs, periods = null, used }) =>
      limit - (windowMs === null && periods === null ? used : 0) >= units,
  );
}

/** The same of a quota group, whose limits may be below what is asked for too. */
function groupMayServe({ limits, budgets }: GroupDocument, units: number): boolean {
  return mostAtOnce(limits) >= units && mayServe(budgets, units);
}
