import type { Outcome } from './audit.ts';
import type { KeyState } from './key.ts';
import type { GroupState } from './quota-group.ts';
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

/**
 * A key's row after a report of one of its draws: its hold ends, its units are settled, its health and places follow. A
 * report that the row has been changed by (it is among `applied`) changes nothing more. `now`: the store's moment (ms).
 */
export function applyReport(
  _before: KeyState,
  _tier: Pick<Tier, 'id' | 'features' | 'policy'>,
  _draw: ReportedDraw,
  _report: StoredReport,
  _now: number,
): ReportedKey {
  throw new Error('not there yet');
}

/** A group's row after a report of a draw of one of its keys: its units are settled. */
export function settleInGroup(
  _before: GroupState,
  _policy: Tier['policy'],
  _draw: ReportedDraw,
  _report: StoredReport,
  _now: number,
): GroupState {
  throw new Error('not there yet');
}
