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
  if (state.state === 'quarantined') return { condition: 'quarantined', availableAt: null };
  if (state.state === 'disabled') return { condition: 'disabled', availableAt: null };
  if (state.expireAt !== null && state.expireAt <= now) return { condition: 'expired', availableAt: null };
  const dueAt = Math.min(Infinity, ...Object.values(state.due));
  if (Object.keys(state.ready).length > 0 || dueAt <= now) return { condition: 'ready', availableAt: null };
  return { condition: 'exhausted', availableAt: dueAt === Infinity ? null : dueAt };
}
