/** At most `limit` calls in any stretch of `windowMs`, wherever it starts. */
export interface UpstreamLimit {
  readonly limit: number;
  readonly windowMs: number;
}

/** One credential that the simulated upstream knows. */
export interface UpstreamKey {
  /** The bearer token of its calls. */
  readonly value: string;
  readonly own: UpstreamLimit;
  /** The shared quota that it draws on besides; null for none. */
  readonly quota: string | null;
  /** Calls that may be under way at once; null for any number. */
  readonly inFlightMax: number | null;
  /** Its calls are refused with 401 from then on until then, in ms after the upstream's first call; null for never. */
  readonly banned: { readonly fromMs: number; readonly untilMs: number } | null;
  /** Whether its refusals for a limit come with `Retry-After` (whole seconds). */
  readonly tellsRetryAfter: boolean;
}

/** What the simulated upstream does; given to its process as JSON. */
export interface UpstreamPlan {
  readonly keys: readonly UpstreamKey[];
  readonly quotas: Readonly<Record<string, UpstreamLimit>>;
  /** Before a call is counted it is on its way for up to so many ms, each call for a time of its own. */
  readonly jitterMs: number;
  /** How long an answer to a counted call takes, at least and at most, in ms. */
  readonly answerMs: readonly [number, number];
  /** The part of counted calls that end with an error of the upstream's own, from 0 to 1. */
  readonly errorShare: number;
  /** Decides all that is random. */
  readonly seed: number;
}

/** Why the upstream refused a call: one of its limits, or another reason. */
export type RefusalCause = 'rate' | 'quota' | 'in_flight' | 'banned' | 'unknown_key';

/** A call that the upstream counted, or refused. `at`: ms since 1970 by its monotonic clock. */
export interface UpstreamCall {
  readonly at: number;
  readonly value: string;
  /** Null for one that was counted. */
  readonly refused: RefusalCause | null;
}

/** What the upstream saw, in its own count. */
export interface UpstreamReport {
  /** Every call, in the order in which it decided them. */
  readonly calls: readonly UpstreamCall[];
  /** The most calls that were under way at once, by key. */
  readonly highestInFlight: Readonly<Record<string, number>>;
}
