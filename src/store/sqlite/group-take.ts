import type { KeyState, Places } from '../../model/key.ts';
import { latest, nextUnderAll } from '../../model/meter.ts';
import { budgetsNextAt, NOWHERE, parkedUntil } from '../../model/place.ts';
import { type GroupState, takeFromGroup } from '../../model/quota-group.ts';
import { type TakeRequest, type TakeResult, takeFromKey } from '../../model/take.ts';

/** What became of a key and its quota group by one take of both. */
export interface SharedTake extends TakeResult {
  readonly group: GroupState;
}

/** When a group next has `units`; null when waiting does not help. */
function groupNextAt(group: GroupState, units: number, now: number): number | null {
  return latest(
    [budgetsNextAt(group, units, now), nextUnderAll(group.meters, group.limits, units, now)],
    now,
  );
}

/** When a group next has a unit: `now` where it has one; null when waiting does not help. */
export function groupUnitAt(group: GroupState, now: number): number | null {
  return groupNextAt(group, 1, now);
}

/** The places of a key of a group that has no unit until `at`; the places themselves where they are that already. */
export function placesWithout(places: Places, at: number | null): Places {
  const isLater = Object.values(places.due).every((due) => at !== null && due >= at);
  if (isLater && Object.keys(places.ready).length === 0) return places;
  return at === null ? NOWHERE : parkedUntil(places, at);
}

/**
 * A take of a key that shares the meters of a group: what both grant. The key is asked first what it would give, for what
 * it refuses itself the group need not be asked; both change together, so nothing is ever to be put back.
 */
export function takeFromBoth(
  key: KeyState,
  group: GroupState,
  request: TakeRequest,
  storeNow: number,
): SharedTake {
  const now = Math.max(storeNow, group.takenAt, key.takenAt);
  const groupAt = (after: GroupState): number | null => groupNextAt(after, request.units, now);
  const nextAt = (own: number | null, after: GroupState): number | null => latest([own, groupAt(after)], now);
  const alone = takeFromKey(key, request, now);
  if (alone.took.granted === 0)
    return { ...alone, took: { ...alone.took, nextAt: nextAt(alone.took.nextAt, group) }, group };
  const count = alone.took.granted / request.units;
  const { state: after, took } = takeFromGroup(group, { ...request, count }, now);
  if (took.granted === 0) {
    const reason = groupUnitAt(group, now) === now ? 'short' : 'exhausted';
    const refused = { ...alone.took, reason, granted: 0, nextAt: groupAt(group) } as const;
    return { state: { ...key, revision: request.revision }, took: refused, group };
  }
  const both =
    took.granted === alone.took.granted
      ? alone
      : takeFromKey(key, { ...request, count: took.granted / request.units }, now);
  return { state: both.state, took: { ...both.took, nextAt: nextAt(both.took.nextAt, after) }, group: after };
}
