import { cooldownsAt } from './cooldown.ts';
import type { KeyState } from './key.ts';

/** What a draw would find at a key. `cooling`: it rests after the upstream refused it. */
export type Condition = 'ready' | 'exhausted' | 'cooling' | 'expired' | 'disabled' | 'quarantined';

export interface ConditionNow {
  readonly condition: Condition;
  /** The earliest moment (ms) at which some feature can be drawn; null when that is now or never by waiting. */
  readonly availableAt: number | null;
}

/** The condition of a key at `now`, as its places tell it; the gravest one where several hold. */
export function conditionOf(state: KeyState, now: number): ConditionNow {
  const dueAt = Math.min(Infinity, ...Object.values(state.due));
  const laterAt = dueAt === Infinity || dueAt <= now ? null : dueAt;
  if (state.state === 'disabled') return { condition: 'disabled', availableAt: null };
  if (state.expireAt !== null && state.expireAt <= now) {
    return { condition: state.state === 'quarantined' ? 'quarantined' : 'expired', availableAt: null };
  }
  // Parked for its next trial, if there is to be one.
  if (state.state === 'quarantined') return { condition: 'quarantined', availableAt: laterAt };
  if (Object.keys(state.ready).length > 0 || dueAt <= now) return { condition: 'ready', availableAt: null };
  const rests = cooldownsAt(state.health, now).length > 0;
  return { condition: rests ? 'cooling' : 'exhausted', availableAt: laterAt };
}
