import type { KeyState } from '../../model/key.ts';
import { type TakeRequest, type Took, takeFromKey } from '../../model/take.ts';
import type { KeyStates } from './key-states.ts';

interface Held {
  /** As it is in the database. */
  stored: KeyState;
  state: KeyState;
}

/** The keys that one round takes from: each is read once and written once, however many takes it gives. */
export interface RoundKeys {
  /** Null when there is no such key. */
  readonly take: (key: number, request: TakeRequest, now: number) => Took | null;
  readonly state: (key: number) => KeyState | null;
  /** Writes what changed since the last time, so that what is read next shows it. */
  readonly flush: () => void;
}

/** True when a take that granted nothing left the row as it was: such keys are passed over by the thousand. */
function looksTheSame(before: KeyState, after: KeyState): boolean {
  return before.ready === after.ready && before.due === after.due && before.revision === after.revision;
}

/** True when a key will have expired by the moment at which it could serve: that is not worth waiting for. */
function isTooLate(nextAt: number | null, expireAt: number | null): boolean {
  return nextAt !== null && expireAt !== null && nextAt >= expireAt;
}

export function createRoundKeys(states: KeyStates): RoundKeys {
  const held = new Map<number, Held>();
  const hold = (key: number): Held | null => {
    const known = held.get(key);
    if (known !== undefined) return known;
    const state = states.read(key);
    if (state === null) return null;
    const entry = { stored: state, state };
    held.set(key, entry);
    return entry;
  };
  return {
    take: (key, request, now) => {
      const entry = hold(key);
      if (entry === null) return null;
      const { state, took } = takeFromKey(entry.state, request, now);
      if (took.granted > 0 || !looksTheSame(entry.state, state)) entry.state = state;
      return isTooLate(took.nextAt, state.expireAt) ? { ...took, nextAt: null } : took;
    },
    state: (key) => hold(key)?.state ?? null,
    flush: () => {
      for (const [key, entry] of held) {
        if (entry.state === entry.stored) continue;
        states.write(key, entry.stored, entry.state);
        entry.stored = entry.state;
      }
    },
  };
}
