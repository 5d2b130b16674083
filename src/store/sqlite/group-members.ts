import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { placesOf } from '../../model/place.ts';
import type { Core } from './core.ts';
import { prepare } from './statement.ts';
import { requireTier } from './tier-store.ts';

/** The keys of quota groups, by their numbers. */
export interface GroupMembers {
  /** `limit` of them at most. */
  readonly list: (groupId: string, limit: number) => readonly number[];
}

export function createGroupMembers(db: DatabaseSync): GroupMembers {
  const list = prepare<{ no: number }>(db, 'SELECT no FROM keys WHERE quota_group = ? LIMIT ?');
  return { list: (groupId, limit) => list.all(groupId, limit).map(({ no }) => no) };
}

/**
 * Gives all keys of a group their places anew, after what concerns all of them has changed; those whose places stay are
 * not written. Returns the tiers of the others. Within a write.
 */
export function createGroupWake(core: Core): (groupId: string) => readonly string[] {
  const { states, keys } = core;
  const members = prepare<{ no: number; tierId: string }>(
    core.db,
    'SELECT k.no, t.text AS tierId FROM keys k CROSS JOIN names t ON t.no = k.tier WHERE k.quota_group = ?',
  );
  return (groupId) => {
    const now = core.now();
    const woken = new Set<string>();
    for (const [tierId, ofTier] of Map.groupBy(members.all(groupId), (member) => member.tierId)) {
      const tier = requireTier(core, tierId);
      for (const { no } of ofTier) {
        const state = states.read(no);
        if (state === null) continue;
        const { ready, due } = keys.placed({ ...state, ...placesOf(state, tier, now) });
        if (isDeepStrictEqual([ready, due], [state.ready, state.due])) continue;
        states.write(no, state, { ...state, ready, due });
        woken.add(tierId);
      }
    }
    return [...woken];
  };
}
