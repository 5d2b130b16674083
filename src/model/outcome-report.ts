import type { Outcome } from './audit.ts';
import { judgeOutcome } from './judge-outcome.ts';
import type { KeyState } from './key.ts';
import { learnLimits } from './learned-limit.ts';
import { placesOf } from './place.ts';
import type { GroupState } from './quota-group.ts';
import { settleHold, settleUnits, settleUnitsInGroup } from './settle-report.ts';
import type { Tier } from './tier.ts';

/** What a caller says of a draw. */
export interface OutcomeReport {
  /** `<take>.<serial>`. */
  readonly drawId: string;
  /** Only a draw of this consumer may be reported; null: any (an admin). */
  readonly consumerId: string | null;
  readonly outcome: Outcome;
  /** What the upstream said of when to come back, in ms from the report; null when it said nothing. */
  readonly retryAfterMs: number | null;
  /** Of HTTP, 100 to 599; null when not said. */
  readonly statusCode: number | null;
  /** Units really used, 0 or more; null: as many as were drawn. */
  readonly units: number | null;
  /** What the upstream said, at most 500 characters; null for nothing. */
  readonly message: string | null;
  /** From 0 to below 1, random: spreads the ends of cooldowns. */
  readonly jitter: number;
}

/** A draw as its audit row tells of it. */
export interface ReportedDraw {
  readonly drawId: string;
  readonly take: string;
  readonly serial: number;
  /** The moment of its take, in ms. */
  readonly at: number;
  readonly keyId: string;
  readonly tierId: string;
  readonly feature: string;
  /** Units that were drawn. */
  readonly units: number;
  /** Empty for the root token. */
  readonly consumerId: string;
}

/** A report as it is stored; append-only. `at`: the store's moment of it, in ms. */
export interface StoredReport extends Omit<OutcomeReport, 'consumerId'> {
  readonly at: number;
}

/** A key's row after a report. */
export interface ReportedKey {
  /** The state as it was when the report changes nothing of it. */
  readonly state: KeyState;
  /** Why the key was quarantined by it; null when it was not. A key's `stateReason` then. */
  readonly quarantined: string | null;
  /** True when it ended a quarantine: `stateReason` is empty then. */
  readonly released: boolean;
}

/** Reports that a row knows it was changed by. Before the oldest of so many goes, it must be marked as applied. */
export const APPLIED_MAX = 64;

/** The list with one more draw; the oldest leaves it when it is full. */
function withApplied(applied: readonly string[], drawId: string): readonly string[] {
  return [...applied, drawId].slice(-APPLIED_MAX);
}

/**
 * A key's row after a report of one of its draws: its hold ends, its units are settled, its health and places follow. A
 * report that the row has been changed by (it is among `applied`) changes nothing more. `now`: the store's moment (ms).
 */
export function applyReport(
  before: KeyState,
  tier: Pick<Tier, 'id' | 'features' | 'policy'>,
  draw: ReportedDraw,
  report: StoredReport,
  storeNow: number,
): ReportedKey {
  const unchanged: ReportedKey = { state: before, quarantined: null, released: false };
  if (before.health.applied.includes(draw.drawId)) return unchanged;
  const now = Math.max(storeNow, before.takenAt);
  const taught = learnLimits(before, tier, draw, report, now);
  const settled = settleUnits(settleHold(taught, draw), tier, draw, report, now);
  const { state, quarantined, released } = judgeOutcome(settled, tier.policy, draw, report, now);
  if (state === before) return unchanged;
  const health = { ...state.health, applied: withApplied(state.health.applied, draw.drawId) };
  const after: KeyState = { ...state, health };
  return { state: { ...after, ...placesOf(after, tier, now) }, quarantined, released };
}

/**
 * A group's row after a report of a draw of one of its keys: its units are settled, once. The same object where that
 * changes nothing.
 */
export function settleInGroup(
  before: GroupState,
  policy: Tier['policy'],
  draw: ReportedDraw,
  report: StoredReport,
  storeNow: number,
): GroupState {
  if (before.applied.includes(draw.drawId)) return before;
  const state = settleUnitsInGroup(before, policy, draw, report, Math.max(storeNow, before.takenAt));
  return state === before ? before : { ...state, applied: withApplied(state.applied, draw.drawId) };
}
