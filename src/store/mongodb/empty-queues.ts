import { MongoError } from 'mongodb';
import type { DrawResult } from '../port.ts';
import { servesAtDue } from './candidates.ts';
import type { Collections } from './collections.ts';
import type { Group } from './grouping.ts';
import type { KeyDocument } from './key-document.ts';

/** Keys that a draw of several units passed over stand where they stood; with more of them it is taken for sure. */
const LOOKED_AT = 8;

/**
 * A round reads the ready and the parked keys of a queue one after the other, and a key that others move from one to the
 * other meanwhile may be in neither. So where a round found nothing that can ever serve, both are looked at as they stood
 * at one moment: `empty` becomes `again` where a key was there. Shortages by index in the round; `now` is the store's
 * moment (ms).
 */
export async function confirmEmpty(
  keys: Collections['keys'],
  now: number,
  groups: readonly Group[],
  shortages: ReadonlyMap<number, DrawResult>,
): Promise<ReadonlyMap<number, DrawResult>> {
  const confirmed = new Map(shortages);
  await Promise.all(
    groups.map(async (group) => {
      const empty = group.waiting.filter((index) => shortages.get(index)?.kind === 'empty');
      if (empty.length === 0) return;
      const kind = await lookAgain(keys, now, group);
      for (const index of empty) confirmed.set(index, { kind });
    }),
  );
  return confirmed;
}

async function lookAgain(
  keys: Collections['keys'],
  now: number,
  group: Group,
): Promise<'empty' | 'again' | 'unavailable'> {
  try {
    const standing = await keys
      .find({ $or: group.queues.flatMap(placesOf) }, { readConcern: { level: 'snapshot' } })
      .project<Pick<KeyDocument, 'due' | 'budgets'>>({ due: 1, budgets: 1 })
      .limit(LOOKED_AT)
      .toArray();
    return standing.some((row) => mayServe(row, group, now)) ? 'again' : 'empty';
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

/** False for a key that has less left for life, or less in any window, than is asked for: the round passed over it rightly. */
function mayServe(
  { due, budgets }: Pick<KeyDocument, 'due' | 'budgets'>,
  { queues, units }: Group,
  now: number,
): boolean {
  if (units === 1 || queues.some(({ queue }) => (due[queue] ?? now) > now)) return true;
  return budgets.every(({ limit, windowMs, used }) => limit - (windowMs === null ? used : 0) >= units);
}
