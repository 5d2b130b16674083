import type { KeyState } from '../../model/key.ts';
import type { GroupState } from '../../model/quota-group.ts';
import { type TakeRequest, type Took, takeFromKey } from '../../model/take.ts';
import type { GroupMembers } from './group-members.ts';
import { groupUnitAt, placesWithout, takeFromBoth } from './group-take.ts';
import type { KeyStates } from './key-states.ts';
import type { QuotaGroupRows } from './quota-group-rows.ts';

interface Held<T> {
  /** As it is in the database. */
  stored: T;
  state: T;
}

/** The keys that one round takes from: each is read once and written once, however many takes it gives. So are groups. */
export interface RoundKeys {
  /** Null when there is no such key. */
  readonly take: (key: number, request: TakeRequest, now: number) => Took | null;
  readonly state: (key: number) => KeyState | null;
  /** The quota group whose meters the key shares; null where it has none. */
  readonly groupOf: (state: KeyState) => GroupState | null;
  /** Writes what changed since the last time, so that what is read next shows it. */
  readonly flush: () => void;
}

/** What the keys of a round are read from and written to. */
export interface RoundRows {
  readonly states: KeyStates;
  readonly quotaGroups: QuotaGroupRows;
  readonly groupMembers: GroupMembers;
}

/** Keys of a group without units that leave their queues with the take that found it so; more leave as they are met. */
const PARKED_AT_ONCE_MAX = 1000;

/** True when a take that granted nothing left the row as it was: such keys are passed over by the thousand. */
function looksTheSame(before: KeyState, after: KeyState): boolean {
  return (
    before.ready === after.ready &&
    before.due === after.due &&
    before.revision === after.revision &&
    before.health === after.health
  );
}

/** True when a key will have expired by the moment at which it could serve: that is not worth waiting for. */
function isTooLate(nextAt: number | null, expireAt: number | null): boolean {
  return nextAt !== null && expireAt !== null && nextAt >= expireAt;
}

/** Rows by their id, each read once; those whose state was replaced are written by `flush`. */
function createHeld<K, T>(read: (id: K) => T | null, write: (id: K, before: T, after: T) => void) {
  const held = new Map<K, Held<T>>();
  return {
    hold: (id: K): Held<T> | null => {
      const known = held.get(id);
      if (known !== undefined) return known;
      const state = read(id);
      if (state === null) return null;
      const entry = { stored: state, state };
      held.set(id, entry);
      return entry;
    },
    flush: (): void => {
      for (const [id, entry] of held) {
        if (entry.state === entry.stored) continue;
        write(id, entry.stored, entry.state);
        entry.stored = entry.state;
      }
    },
  };
}

export function createRoundKeys({ states, quotaGroups, groupMembers }: RoundRows): RoundKeys {
  const keys = createHeld(states.read, states.write);
  const groups = createHeld<string, GroupState>(quotaGroups.read, (id, _before, after) =>
    quotaGroups.writeState(id, after),
  );
  /** Until when the keys of a group were parked in this round. */
  const parked = new Map<string, number | null>();

  function park(groupId: string, at: number | null): void {
    if (parked.has(groupId) && parked.get(groupId) === at) return;
    parked.set(groupId, at);
    for (const no of groupMembers.list(groupId, PARKED_AT_ONCE_MAX)) {
      const entry = keys.hold(no);
      if (entry === null) continue;
      const places = placesWithout(entry.state, at);
      if (places !== entry.state) entry.state = { ...entry.state, ready: places.ready, due: places.due };
    }
  }

  function groupHeld(groupId: string): Held<GroupState> {
    const entry = groups.hold(groupId);
    if (entry === null) throw new Error('the quota group of a key is gone');
    return entry;
  }

  function takeShared(key: Held<KeyState>, groupId: string, request: TakeRequest, now: number): Took {
    const group = groupHeld(groupId);
    const { state, took, group: after } = takeFromBoth(key.state, group.state, request, now);
    if (took.granted > 0 || !looksTheSame(key.state, state)) key.state = state;
    group.state = after;
    const unitAt = groupUnitAt(after, took.at);
    if (unitAt !== took.at) {
      park(groupId, unitAt);
      const places = placesWithout(key.state, unitAt);
      if (places !== key.state) key.state = { ...key.state, ready: places.ready, due: places.due };
    }
    return took;
  }

  function takeAlone(key: Held<KeyState>, request: TakeRequest, now: number): Took {
    const { state, took } = takeFromKey(key.state, request, now);
    if (took.granted > 0 || !looksTheSame(key.state, state)) key.state = state;
    return took;
  }

  return {
    take: (no, request, now) => {
      const key = keys.hold(no);
      if (key === null) return null;
      const { groupId } = key.state.traits;
      const took = groupId === null ? takeAlone(key, request, now) : takeShared(key, groupId, request, now);
      return isTooLate(took.nextAt, key.state.expireAt) ? { ...took, nextAt: null } : took;
    },
    state: (no) => keys.hold(no)?.state ?? null,
    groupOf: ({ traits: { groupId } }) => (groupId === null ? null : groupHeld(groupId).state),
    flush: () => {
      keys.flush();
      groups.flush();
    },
  };
}
